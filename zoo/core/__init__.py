"""What every room speaks: kinds and configs, states, axis letters, errors. Nothing here needs Keras."""
