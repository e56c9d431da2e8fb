"""The command `zoo generate`. What it needs is imported when it is run: `zoo --help` is quick."""

import itertools
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

import zoo
from zoo.core import folders, machine
from zoo.core.errors import ZooError


def generate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A folder that `zoo train` wrote.")],
    prompt: Annotated[
        str,
        typer.Argument(
            help="What the text begins with; a file of MIDI; the class or caption of pictures."
        ),
    ] = "",
    max_new_tokens: Annotated[int, typer.Option(min=0)] = 200,
    temperature: Annotated[float, typer.Option(help="0 is greedy.")] = 0.8,
    top_k: Annotated[int, typer.Option(help="Keep this many tokens; 0 keeps all.")] = 0,
    top_p: Annotated[float, typer.Option(help="Keep tokens up to this probability.")] = 1.0,
    seed: int = 0,
    stop: Annotated[str, typer.Option(help="Stop after this text.")] = "",
    num_beams: Annotated[
        int, typer.Option(min=0, help="Search for the likeliest text with so many; 0 draws.")
    ] = 0,
    length_penalty: Annotated[float, typer.Option(help="Of beams: above 0, longer ones.")] = 0.6,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write it there; of music a .png and a .wav, too; pictures: .png.",
        ),
    ] = None,
    number: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 16,
    voices: Annotated[
        str, typer.Option(metavar="N,N", help="Of music: which to write anew, from 0 on.")
    ] = "",
    quarters: Annotated[
        str, typer.Option(metavar="FIRST:LAST", help="Of music: between which quarter notes.")
    ] = "",
    picture: Annotated[
        Path | None, typer.Option(help="To enlarge, to keep the upper half of, or to be described.")
    ] = None,
    size: Annotated[
        str, typer.Option(metavar="ROWSxCOLUMNS", help="Of pictures larger than was learned.")
    ] = "",
    num_turns: Annotated[
        int | None,
        typer.Option(min=1, help="Of pictures written all at once, and of gaps."),
    ] = None,
    choice_temperature: Annotated[
        float | None, typer.Option(min=0, help="How much luck decides what is written anew.")
    ] = None,
    mask_schedule: Annotated[
        str | None, typer.Option(help="How many tokens are hidden behind each turn.")
    ] = None,
) -> None:
    """Write on from a prompt, or answer it, token by token as they come; or make pictures."""
    pictures = to is not None and to.suffix == ".png"
    if to and pictures:
        folders.room_for_picture(to, "--to")
    elif to and (to.is_dir() or not to.parent.is_dir()):
        raise ZooError(f"--to: found {to}, expected a file in a folder that is there.")
    from zoo.recipe import backend

    backend.of_run(run)
    machine.start_backend()
    options = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
    if to and pictures:
        from zoo.training.painted import draw

        more = {"num_turns": num_turns, "choice_temperature": choice_temperature}
        given = {"size": _size(size), "turns": _turns(**more, schedule=mask_schedule)}
        draw(zoo.paint(run, prompt, number, picture, **given, **options), to)
        print(to)
        return
    if voices or quarters or num_turns:
        turns = {"num_turns": num_turns} if num_turns else {}
        written = zoo.infill(run, prompt, *_gap(voices, quarters), **turns, **options)
        _keep(written, to) if to else _show([written])
        return
    beams = {"num_beams": num_beams, "length_penalty": length_penalty, "picture": picture}
    pieces = zoo.generate(run, prompt, max_new_tokens, stop, **beams, echo=True, **options)
    if to:
        _keep(b"".join(pieces), to)
    else:
        _show(pieces)


def _size(written: str) -> tuple[int, int] | None:
    """`32x48` -> 32 and 48; None for nothing. Raises ZooError."""
    sides = written.lower().split("x") if written else []
    if sides and not (len(sides) == 2 and all(one.isdecimal() for one in sides)):
        raise ZooError(f"--size: found {written}, expected rows and columns, such as 32x48.")
    return (int(sides[0]), int(sides[1])) if sides else None


def _turns(**options: Any) -> Any:
    """How pictures are written all at once, where anything is said of it."""
    from zoo.generation.parallel import Turns

    given = {name: value for name, value in options.items() if value is not None}
    return Turns(**given) if given else None


def _gap(voices: str, quarters: str) -> tuple[list[int], tuple[float, float] | None]:
    """What is to be filled, as it is written on the command line. Raises ZooError."""
    try:
        found = [int(one) for one in voices.split(",") if voices]
    except ValueError as wrong:
        raise ZooError(f"--voices: found {voices!r}, expected numbers such as 1,2,3.") from wrong
    try:
        first, last = map(float, quarters.split(":")) if quarters else (0.0, 0.0)
    except ValueError as wrong:
        raise ZooError(f"--quarters: found {quarters!r}, expected two such as 8:16.") from wrong
    return found, (first, last) if quarters else None


def _show(pieces: Iterable[bytes]) -> None:
    out = sys.stdout.buffer
    for piece in itertools.chain(pieces, [b"\n"]):
        out.write(piece)
        out.flush()


def _keep(written: bytes, to: Path) -> None:
    """Into a file; beside one of MIDI a picture of its notes, and where they can be played how they
    sound."""
    try:
        to.write_bytes(written)
    except OSError as wrong:
        raise ZooError(f"--to: {to} cannot be written: {wrong.strerror}.") from wrong
    print(to)
    from zoo.music.midi import BEGINNING, read

    if written.startswith(BEGINNING):
        from zoo.music import sound
        from zoo.music.roll import draw

        draw(read(written).heard, to.with_suffix(".png"))
        print(to.with_suffix(".png"))
        print(sound.write(to, to.with_suffix(".wav")))
