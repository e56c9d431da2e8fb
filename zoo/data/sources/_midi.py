"""What sources of music share: a document is a MIDI file."""

from pathlib import Path

from zoo.core.errors import ZooError
from zoo.core.folders import at_home
from zoo.data.sources import Source
from zoo.data.sources._files import missing
from zoo.music.midi import read


class OfMidi(Source):
    """The contract of music. A prompt is the name of a MIDI file; without one music begins."""

    def prompt(self, text):
        return midi_of(Path(at_home(text))) if text else b""


def midi_of(file: Path, *option: str) -> bytes:
    """The bytes of a MIDI file. Raises ZooError, at an option, for what is none."""
    try:
        midi = file.read_bytes()
    except FileNotFoundError as wrong:
        raise missing(file, *option) from wrong
    except OSError as wrong:
        raise ZooError(f"{file} cannot be read: {wrong.strerror}.", *option) from wrong
    try:
        read(midi, str(file))
    except ZooError as wrong:
        raise ZooError(wrong.text, *option) from wrong
    return midi
