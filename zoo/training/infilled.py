"""Voices that a run writes to others, and gaps that it fills."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.generation import infill as gaps
from zoo.generation.write import Sampling
from zoo.music.grid import SILENCE
from zoo.recipe import build
from zoo.tasks.masked_lm import MaskedLM
from zoo.tokenizers.voice_grid import VoiceGrid
from zoo.training.run import load_task, resolve


def infill(
    run: str | Path,
    prompt: str,
    voices: Sequence[int] = (),
    quarters: tuple[float, float] | None = None,
    num_turns: int = gaps.NUM_TURNS,
    **sampling: Any,
) -> bytes:
    """A MIDI file, called `prompt`, with some notes written anew by a run that was trained to guess
    hidden ones: those of `voices`, counted from 0, or of voices without a note where none are
    named, or of all where `quarters` says between which of them. `sampling`: temperature, top_k,
    top_p, seed. Raises ZooError for a model that fills no gaps, and where there is none."""
    recipe = resolve(Path(run))
    task, tokenizer = load_task(Path(run), recipe), build.tokenizer(recipe)
    if not fills(task, tokenizer):
        raise ZooError(f"{run}: fills no gaps, which needs masked_lm over a voice_grid.")
    asked = build.source(recipe).prompt(prompt)
    return filled(task, tokenizer, asked, voices, quarters, num_turns, Sampling(**sampling))


def filled(
    task: Any,
    tokenizer: Any,
    midi: bytes,
    voices: Sequence[int] = (),
    quarters: tuple[float, float] | None = None,
    num_turns: int = gaps.NUM_TURNS,
    sampling: Sampling | None = None,
) -> bytes:
    """The same by a task that is there already, of what stands in a file."""
    grid = tokenizer.read(np.frombuffer(midi, "uint8")).reshape(-1, tokenizer.num_voices)
    hidden = _hidden(grid, voices, quarters, tokenizer.steps_per_quarter)
    told = tokenizer.mask_token_id, SILENCE + 1, num_turns, sampling
    return tokenizer.midi(gaps.infill(task, grid.reshape(-1), hidden.reshape(-1), *told))


def fills(task: Any, tokenizer: Any) -> bool:
    """Whether a model guesses hidden notes of voices."""
    return isinstance(task, MaskedLM) and isinstance(tokenizer, VoiceGrid)


def _hidden(
    grid: np.ndarray,
    voices: Sequence[int],
    quarters: tuple[float, float] | None,
    steps_per_quarter: int,
) -> np.ndarray:
    """Which tokens of a grid, `t v`, are written anew: bool `t v`."""
    length, number = grid.shape
    if wrong := [voice for voice in voices if not 0 <= voice < number]:
        raise ZooError(f"--voices: found {wrong[0]}, expected 0 to {number - 1}.")
    silent = np.flatnonzero((grid == SILENCE).all(axis=0)).tolist()
    known = list(voices) or (list(range(number)) if quarters else silent)
    if not known:
        raise ZooError("--voices: found none, and all voices sing; expected those to be written.")
    first, last = quarters or (0, length / steps_per_quarter)
    if not 0 <= first < last <= length / steps_per_quarter:
        there = f"within 0:{length / steps_per_quarter:g}"
        raise ZooError(f"--quarters: found {first:g}:{last:g}, expected FIRST:LAST {there}.")
    hidden = np.zeros(grid.shape, bool)
    steps = slice(*(round(one * steps_per_quarter) for one in (first, last)))
    hidden[steps, known] = True
    return hidden
