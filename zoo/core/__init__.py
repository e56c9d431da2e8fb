"""What every room speaks: kinds and configs, places and states, axis letters, errors."""
