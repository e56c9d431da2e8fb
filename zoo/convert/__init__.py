"""Models of others in, ours out: runs, presets, and folders of Hugging Face (see `families`, and
`timm`); models of short texts made longer, and of small pictures larger."""
