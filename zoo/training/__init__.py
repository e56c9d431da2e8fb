"""Training a recipe: schedules, optimizers, the loop, checkpoints, and what a run leaves behind."""
