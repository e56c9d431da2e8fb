"""Models of others in, ours out: runs, presets, and folders of Hugging Face (see `families`); and
models of short texts made longer."""
