"""SavedModels: text in, text out, with no Python of ours."""
