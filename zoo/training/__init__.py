"""Training a recipe: optimizer and schedule, the loop, checkpoints, and what a run leaves behind."""
