"""What the command does, for Python: load, build, train, evaluate, generate, export."""

import dataclasses
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.recipe import build as parts
from zoo.recipe.load import Resolved
from zoo.recipe.load import load as load_recipe

__all__ = [
    "average",
    "baseline",
    "build",
    "evaluate",
    "explain",
    "export",
    "generate",
    "lengthen",
    "load",
    "load_recipe",
    "recl",
    "save",
    "tokenize",
    "train",
]


def build(recipe: Resolved) -> Any:
    """The model of a recipe, with fresh weights: a Keras model, a KerasHub task."""
    return parts.task(recipe)


def train(
    recipe: Resolved, run: str | Path | None = None, resume: bool = False, text: Any = None
) -> dict[str, Any]:
    """Train a recipe in the folder `run`, or `runs/<its name>`; `text`: its own, where known."""
    from zoo.training.loop import train as run_training
    from zoo.training.run import TOKENIZER, kept

    folder = Path(run or Path("runs") / recipe.name)
    if resume and (folder / TOKENIZER).is_dir():
        recipe, text = kept(folder, recipe), None
    return run_training(recipe, folder, resume, text)


def tokenize(recipe: Resolved, folder: str | Path) -> dict[str, int]:
    """Write the text of a recipe as token ids, once, for `data.source: {kind: tokens}`; returns how
    many there are to train on and held out. Raises ZooError for a folder that exists."""
    from zoo.recipe.tokenize import write

    return write(recipe, Path(folder))[0]


def load(folder: str | Path, overrides: list[str] | None = None) -> Any:
    """The model in a folder: the best weights of a run, a preset, or what Hugging Face keeps.

    It is a task, or a backbone where there is no head. `overrides` change what does not touch the
    weights of a run, such as a longer memory. Call it with `{"token_ids": int32 b t,
    "padding_mask": bool b t}`. Raises ZooError.
    """
    from zoo.convert import checkpoint
    from zoo.training.run import load_task, resolve

    folder = Path(folder)
    if (folder / "recipe.yaml").exists() or overrides:
        return load_task(folder, resolve(folder, overrides))
    return checkpoint.load(folder)


def save(model: Any, folder: str | Path, family: str | None = None) -> None:
    """Write a task or a backbone as a preset; or, for a `family` such as `gpt2`, as Hugging Face
    keeps that. Raises ZooError for a model which the family cannot say."""
    from zoo.convert.folder import save as write
    from zoo.core.folders import write_folder

    if family is not None:
        write(model, family, Path(folder))
    else:
        write_folder(Path(folder), lambda aside: model.save_to_preset(str(aside)))


def average(checkpoints: Sequence[str | Path], folder: str | Path, last: int | None = None) -> Any:
    """The mean of the weights of several checkpoints, or of the `last` steps that one run keeps,
    written as a preset; returns the model. A checkpoint is a step of a run, such as
    `runs/x/checkpoints/step_00000100`, or what `load` reads. Raises ZooError for models that
    differ."""
    from zoo.training.average import average as write
    from zoo.training.average import chosen

    return write(chosen([Path(one) for one in checkpoints], last), Path(folder))


def lengthen(
    model: Any, attention: str, max_sequence_length: int, window: int | None = None
) -> Any:
    """The same model over longer texts: its attention `local`, `longformer` or `big_bird`, its
    learned positions repeated. Raises ZooError for a model that cannot be made longer."""
    from zoo.convert.longer import longer

    return longer(model, attention, max_sequence_length, window)


def evaluate(
    run: str | Path,
    overrides: list[str] | None = None,
    batches: int | None = None,
    quantize: str | None = None,
) -> dict[str, float]:
    """Loss in nats a target, bits per byte where every token is one, accuracy, and the metrics of
    the recipe's section `evaluation`, of a run on its validation text, or on the first `batches`
    of it; with its weights rounded to one byte where `quantize` is `int8`. Kept in the run too."""
    from zoo.convert.quantized import quantized
    from zoo.training import answers, evaluations, measured, rebuilt
    from zoo.training.run import load_task, resolve

    began, run = time.perf_counter(), Path(run)
    recipe = resolve(run, overrides)
    text, wanted = parts.text(recipe), parts.evaluation(recipe)
    if text.validation is None:
        raise ZooError(f"{run}: its recipe holds out no validation text.")
    task = load_task(run, recipe)
    task = quantized(task, quantize) if quantize else task
    found = measured.of(recipe, task, text, batches)
    rebuilt.draw(task, text, run)
    if wanted:
        found |= answers.measure(task, recipe, wanted, run, batches)
    seconds = round(time.perf_counter() - began, 2)
    said = [*(overrides or []), *([f"--quantize={quantize}"] if quantize else [])]
    evaluations.write(run, evaluations.Evaluation(said, batches, found, seconds))
    return found


def baseline(
    recipe: Resolved, run: str | Path | None = None, kind: str | None = None
) -> dict[str, Any]:
    """A simple yardstick, fitted to the documents of a recipe and measured on those it holds out:
    the `kind` that fits, or one that is named, `majority` or `{kind: bag_of_words, longest_run:
    3}`. Returns the report in the folder `run`, by default `runs/<recipe name>_<kind>`. Raises
    ZooError."""
    from zoo.training.baseline import baseline as measure

    return measure(recipe, run and Path(run), kind)[0]


def explain(
    run: str | Path,
    text: str | None = None,
    document: int | None = None,
    overrides: list[str] | None = None,
    num_factors: int = 6,
    num_entries: int = 32,
    folder: str | Path | None = None,
) -> Any:
    """What a run does with a text, or with a held-out document, counted from 0: what it looks at
    (`attention`, a layer each: `weights` float32 and `hidden` bool, `h q k`), what reaches a place
    through all layers (`reached`: `rollout`, `t t`, and `flow`), what predictions hang on
    (`targets`, `saliency` `n t`), `neurons` in `num_factors` factors, and a `dictionary` of
    `num_entries` directions of hidden states. What cannot be told is None, and `missing` says why.
    Written as pictures and one page, `index.html`, into a `folder`, when given. Raises ZooError."""
    from zoo.insight.explain import explain as look
    from zoo.insight.folder import write

    found = look(Path(run), text, document, overrides, num_factors, num_entries)
    if folder is not None:
        write(found, Path(folder))
    return found


def recl(
    runs: Sequence[str | Path],
    step: int = 100,
    longest: int = 1000,
    positions: int = 1000,
    batch_size: int = 16,
    threshold: float = 0.01,
) -> dict[str, Any]:
    """How much context each of some runs makes use of, among them all (Dai et al. 2019, appendix
    C): from contexts of `step`, 2 · `step`, … `longest` tokens, at `positions` of their validation
    text. Returns what `recl.json` in their folders holds."""
    from zoo.training.recl import RATIOS, steps
    from zoo.training.recl import recl as measure

    folders = [Path(run) for run in runs]
    return measure(folders, steps(step, longest), positions, batch_size, RATIOS, threshold)


def generate(
    run: str | Path,
    prompt: str,
    max_new_tokens: int = 200,
    stop: str = "",
    num_beams: int = 0,
    length_penalty: float = 0.6,
    echo: bool = False,
    picture: str | Path | None = None,
    **sampling: Any,
) -> Iterator[bytes]:
    """The text that follows a prompt, or answers it, in pieces as they are written.

    `sampling`: temperature, top_k, top_p, seed. With `num_beams` nothing is drawn: the likeliest
    text is searched for, by `length_penalty`, and comes whole; mask-predict tries texts of so many
    lengths, 5 for 0. `echo` begins with the prompt where the text goes on with it. Music is a file
    of MIDI, in one piece; where a model fills gaps, see `infill`, its silent voices are written. A
    model that says what is to be seen reads the file `picture`. Writing ends at the end token,
    after `max_new_tokens`, or with `stop`. Raises ZooError for a model that writes no text.
    """
    from zoo.generation.beams import BeamSearch, BeamWriter
    from zoo.generation.write import Sampling, Writer, until
    from zoo.tasks import KERAS_HUB_CAUSAL_LM
    from zoo.tasks.mask_predict_lm import MaskPredictLM
    from zoo.training.captioned import captioned
    from zoo.training.infilled import filled, fills
    from zoo.training.run import load_task, resolve

    recipe = resolve(Path(run))
    tokenizer, task = parts.tokenizer(recipe), load_task(Path(run), recipe)
    if fills(task, tokenizer):
        asked = parts.source(recipe).prompt(prompt)
        return iter([filled(task, tokenizer, asked, sampling=Sampling(**sampling))])
    if not isinstance(task, MaskPredictLM | KERAS_HUB_CAUSAL_LM):
        raise ZooError(f"a {type(task).__name__} writes no text; expected a model that does.")
    if "encoder_images" in task.input:
        return captioned(recipe, task, prompt, picture, max_new_tokens, Sampling(**sampling))
    tokens, source = _asked(recipe, task, tokenizer, prompt)
    if isinstance(task, MaskPredictLM):
        return tokenizer.stream(_filled_in(task, tokenizer, source, num_beams))
    if num_beams:
        options = BeamSearch(num_beams, max_new_tokens, tokenizer.end_token_id, length_penalty)
        new: Any = BeamWriter(task).best(tokens[None], options, source)[0]
    else:
        ends = (tokenizer.end_token_id,)
        new = Writer(task).write(tokens, max_new_tokens, Sampling(**sampling), ends, source)
    if echo and not source:
        asked = os.fsencode(prompt)
        return until(tokenizer.going_on(asked, tokens[1:], new), stop.encode(), len(asked))
    return until(tokenizer.stream(new, continues=bool(prompt) and not source), stop.encode())


def _filled_in(task: Any, tokenizer: Any, source: dict[str, Any], num_lengths: int) -> np.ndarray:
    """The answer to a source by mask-predict, int `t`."""
    from zoo.generation.mask_predict import MaskPredict, MaskPredictWriter

    lengths = num_lengths or min(5, task.max_length)
    options = MaskPredict(tokenizer.mask_token_id, tokenizer.end_token_id, num_lengths=lengths)
    return MaskPredictWriter(task).best(source, options)[0]


def _asked(recipe: Resolved, task: Any, tokenizer: Any, prompt: str) -> tuple[np.ndarray, dict]:
    """What is written already, int32 `t`, and what is to be read, `1 k`, if the task reads another
    text."""
    asked = parts.source(recipe).prompt(prompt)
    read = tokenizer.read(np.frombuffer(asked, "uint8"))
    start, end = tokenizer.start_token_id, tokenizer.end_token_id
    if "encoder_token_ids" not in task.input:
        return np.concatenate([[end], read]).astype("int32"), {}
    frame = parts.batching(recipe).frame(tokenizer)
    source, room = frame.rows([read]), frame.room
    if read.size > room:
        raise ZooError(
            f"prompt: {read.size} tokens, but this model was trained to read at most {room}. "
            "Shorten the prompt."
        )
    told = {f"encoder_{name}": x for name, x in source.items()}
    return np.array([end if start is None else start], "int32"), told


def export(
    run: str | Path, folder: str | Path | None = None, overrides: Any = None, **wanted: Any
) -> Path:
    """Write a run's best weights, by default as a SavedModel below `saved_models/<run name>`.

    `wanted` is laid over the recipe's section `export`: `format`, `onnx` or `litert`; `quantize`,
    `int8` for weights of one byte. Raises ZooError.
    """
    from zoo.recipe.sections import Export
    from zoo.serving import card, formats, signatures
    from zoo.serving.export import export as write
    from zoo.serving.export import place
    from zoo.training import measured, report
    from zoo.training.run import load_task, resolve

    recipe = resolve(Path(run), overrides)
    asked = dataclasses.replace(parts.export(recipe) or Export(), **wanted)
    make(formats.Format, asked.format).require()
    target, mode = Path(folder or place(recipe, asked)), asked.quantize
    found = parts.evaluation(recipe)
    text = parts.tokenizer(recipe), parts.batching(recipe), found and found.search
    model = signatures.Served(load_task(Path(run), recipe), *text)
    with parts.at(recipe, "export"):
        compared = measured.compared(recipe, model.task, mode) if mode else {}
        about = card.About(target.name, recipe.to_yaml(), report.facts(Path(run)), compared)
        return write(model, target, asked, about)
