"""What a trained run does with a text: what it looks at, what counts for its answer, what it holds
of every token on the way."""
