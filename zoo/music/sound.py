"""How a MIDI file sounds: played by a synthesiser of the system, where there is one."""

import shutil
import subprocess
from pathlib import Path

from zoo.core.errors import ZooError

FONTS = ("/usr/share/sounds", "/usr/share/soundfonts")
"""Where systems keep the sounds of instruments."""
ENDINGS = (".sf2", ".sf3")
CONFIGURED = Path("/etc/timidity/timidity.cfg")
NONE = (
    "no .wav: a synthesiser and its sounds are missing, "
    "on Debian: apt-get install fluidsynth timgm6mb-soundfont"
)
LONGEST = 600
"""Seconds that playing may take."""


def write(midi: Path, wav: Path) -> str:
    """Play a file into another, by FluidSynth or TiMidity++: its name, or a line that says why
    there is none. Raises ZooError where one is there and fails."""
    command = player(midi, wav)
    if command is None:
        return NONE
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=LONGEST, check=False
        )
    except subprocess.TimeoutExpired as wrong:
        raise ZooError(f"{command[0]} plays {midi} for more than {LONGEST} seconds.") from wrong
    if done.returncode or not wav.is_file():
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ZooError(f"{command[0]} cannot play {midi}: {said}")
    return str(wav)


def player(midi: Path, wav: Path) -> list[str] | None:
    """The command that plays, and None where there is none, or no sounds for it."""
    fluidsynth, found = shutil.which("fluidsynth"), fonts()
    if fluidsynth and found:
        options = ["-ni", "-q", "-r", "44100", "-F", str(wav)]
        return [fluidsynth, *options, str(found[0]), str(midi)]
    timidity = shutil.which("timidity")
    if timidity and CONFIGURED.is_file():
        return [timidity, str(midi), "-Ow", "-o", str(wav)]
    return None


def fonts() -> list[Path]:
    """The sounds there are, in the order of their names."""
    files = (file for folder in FONTS for file in Path(folder).rglob("*"))
    return sorted(file for file in files if file.suffix in ENDINGS)
