"""SavedModels behind the REST and gRPC of TensorFlow Serving, with no Keras in the process."""
