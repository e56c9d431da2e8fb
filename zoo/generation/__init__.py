"""Loops over `run(inputs, state)`: how tokens are chosen, and how text is written with them."""
