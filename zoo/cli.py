"""The command `zoo`: parses, calls one function, prints."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

import zoo
from zoo.bench.command import bench
from zoo.core import folders, machine
from zoo.core.errors import ZooError
from zoo.insight.command import explain
from zoo.recipe.command import Overrides, RecipeName, Tiny, copy, list_
from zoo.recipe.tokenize import tokenize
from zoo.results.check import check
from zoo.results.command import compare, report
from zoo.results.sweep import train_all
from zoo.serving.server.command import serve
from zoo.training.command import average, baseline, recl
from zoo.training.generate import generate

app = typer.Typer(
    help="The attention zoo: long-context models for Keras, from a recipe to a SavedModel.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A folder that `zoo train` wrote.")]
Quantize = Annotated[
    Literal["int8"] | None, typer.Option(help="Round weights to one byte each, as Keras does.")
]
app.command("list")(list_)
app.command()(copy)
app.command()(tokenize)
app.command()(check)


@app.command()
def train(
    recipe: RecipeName,
    overrides: Overrides = None,
    run: Annotated[Path | None, typer.Option(help="Folder of the run. [runs/<recipe>]")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in that folder.")
    ] = False,
    tiny: Tiny = False,
    sweep: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE,VALUE…", help="Train once with each; may be repeated."),
    ] = None,
) -> None:
    """Train a recipe; then export it and show what it writes, where the recipe says so."""
    from zoo.recipe import backend, build
    from zoo.recipe.load import load

    if sweep:
        print(train_all(recipe, overrides or [], sweep, run, resume, tiny))
        return
    resolved = load(recipe, overrides, tiny)
    backend.prepare(resolved)
    text = build.text(resolved)
    build.distillation(resolved)
    build.evaluation(resolved)
    folder = run or Path("runs") / resolved.name
    print(f"{resolved.name}: training in {folder}", flush=True)
    if build.training(resolved).return_memory:
        machine.return_memory()
    machine.start_backend()
    if resume and _only_export_is_missing(folder, resolved):
        print("It has come to its end, and only its export has not.", flush=True)
    else:
        facts = zoo.train(resolved, folder, resume, text)
        print(f"{_summary(facts)}\nReport, log and curve: {folder}", flush=True)
    if wanted := backend.export(resolved):
        target = zoo.export(folder)
        print(f"Exported: {target}", flush=True)
        if wanted.prompt and "generate" in folders.verify(target)["signatures"]:
            _show(target, wanted)


def _only_export_is_missing(folder: Path, recipe) -> bool:
    from zoo.results.exported import missing

    return missing(folder, recipe)


def _summary(facts: dict) -> str:
    validation = facts["validation"]
    words = [f"{facts['parameters']:,} parameters", f"{facts['step']} steps"]
    if validation:
        words.append(f"validation {_measured(validation)}")
    words.append(f"{facts['seconds']:.0f} seconds")
    return f"{facts['recipe']}: {', '.join(words)}."


def _show(target: Path, wanted) -> None:
    from zoo.serving.export import continuation

    print("Loaded in a fresh process, it writes:\n", flush=True)
    print(continuation(target, wanted), flush=True)


@app.command()
def evaluate(
    run: RunFolder,
    overrides: Overrides = None,
    batches: Annotated[int | None, typer.Option(min=1, help="Only so many. [all]")] = None,
    quantize: Quantize = None,
    classes: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw which classes are taken for which, too."),
    ] = None,
) -> None:
    """Measure a run on its validation text, say with another memory_length."""
    from zoo.recipe import backend

    backend.of_run(run, overrides)
    machine.start_backend()
    if classes:
        folders.room_for_picture(classes, "--classes")
    found = zoo.evaluate(run, overrides, batches, quantize)
    print(f"{_measured(found)}, over {found['tokens']:,.0f} targets")
    if classes:
        _tell_apart(classes, run, overrides, batches, quantize)


def _tell_apart(file: Path, *of) -> None:
    from zoo.results.classes import confusion, draw

    found = confusion(*of)
    draw(found, file)
    print(*found.lines(), file, sep="\n")


BITS = {"bits_per_byte": "bits per byte", "bits_per_dim": "bits per dimension"}
MEASURED = ("loss", *BITS, "accuracy", "tokens", "best_loss")


def _measured(found: dict) -> str:
    more = "".join(f" ({found[x]:.4f} {said})" for x, said in BITS.items() if x in found)
    text = f"loss {found['loss']:.4f} nats{more}, {100 * found['accuracy']:.2f} % right"
    metrics = [name for name in found if name not in MEASURED]
    return ", ".join([text, *(f"{name} {found[name]:.2f}" for name in metrics)])


@app.command()
def export(
    run: RunFolder,
    overrides: Overrides = None,
    to: Annotated[
        Path | None, typer.Option(help="Folder of versions. [saved_models/<run>]")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option("--format", metavar="KIND", help="One of `zoo list formats`. [saved_model]"),
    ] = None,
    quantize: Quantize = None,
) -> None:
    """Write a run's best weights as a SavedModel: text in, text out, no Python of ours. Or token
    ids in, scores out: as ONNX or for LiteRT."""
    said = {"format": format, "quantize": quantize}
    machine.start_backend()
    print(zoo.export(run, to, overrides, **{name: x for name, x in said.items() if x}))


@app.command()
def convert(
    folder: Annotated[Path, typer.Argument(help="A run, a preset or a folder of Hugging Face.")],
    to: Annotated[Path, typer.Argument(help="Folder to write.")],
    family: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Write as Hugging Face keeps it: bert, resnet50, … [preset]"
        ),
    ] = None,
    attention: Annotated[
        str | None, typer.Option(help="Make it read longer: local, longformer or big_bird.")
    ] = None,
    max_sequence_length: Annotated[
        int | None, typer.Option(min=1, help="How many tokens it shall read.")
    ] = None,
    window: Annotated[
        int | None, typer.Option(min=2, help="How many tokens each sees. [its places before]")
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(min=1, help="How many rows its pictures shall have.")
    ] = None,
) -> None:
    """Read a checkpoint, whoever wrote it, and write it as ours or as Hugging Face's."""
    if (attention is None) != (max_sequence_length is None):
        raise ZooError("--attention and --max-sequence-length belong together: give both.")
    if os.path.lexists(to):
        raise ZooError(f"{to}: exists already, and is left as it is.")
    machine.start_backend()
    model = zoo.load(folder)
    if attention:
        model = zoo.lengthen(model, attention, max_sequence_length, window)
    if image_size:
        model = zoo.resize(model, image_size)
    zoo.save(model, to, family)
    print(f"{to}: {model.count_params():,} parameters")


app.command()(generate)
app.command()(bench)
app.command()(average)
app.command()(baseline)
app.command()(recl)
app.command()(report)
app.command()(compare)
app.command()(explain)
app.command()(serve)


def main() -> None:
    """Run the command. Every error a user can mend is one message and a non-zero exit."""
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        app(arguments)
    except ZooError as wrong:
        if debug:
            raise
        print(f"zoo: {wrong}", file=sys.stderr)
        sys.exit(wrong.exit_code)
    except KeyboardInterrupt:
        print("\nzoo: stopped.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)


if __name__ == "__main__":
    main()
