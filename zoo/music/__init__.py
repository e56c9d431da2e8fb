"""Notes of a MIDI file, in and out, on a grid of voices, and as a picture."""
