"""Where examples come from (`sources`), and how they are cut into batches (`batching`)."""
