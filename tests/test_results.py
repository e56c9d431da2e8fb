"""Tables and pictures of runs: every figure is one that a run left behind."""

import json

import pytest
from bad_input import refused, says
from typer.testing import CliRunner

import zoo
from zoo import cli
from zoo.recipe.load import load
from zoo.results.compare import beside
from zoo.results.figures import sentence
from zoo.results.pictures import draw
from zoo.results.runs import by_experiment, opened, spread
from zoo.results.table import table
from zoo.training.evaluations import FILE

REPORT = {
    "recipe": "gpt_chars",
    "step": 20,
    "parameters": 1234,
    "tokens_seen": 4_000_000,
    "seconds": 120.0,
    "cpu_seconds": 200.0,
    "validation": {"loss": 1.5, "bits_per_byte": 2.164, "accuracy": 0.5},
    "versions": {"python": "3.11"},
    "hardware": "2 CPU cores",
    "commit": "abc1234",
}
LOG = "step,loss,validation_loss\n10,2.0,1.9\n20,1.6,1.5\n"


@pytest.fixture
def run(tmp_path):
    """What makes the folder of a finished run: overrides of its recipe, and of its report."""

    def make(name, *overrides, **facts):
        folder = tmp_path / name
        folder.mkdir()
        path = "data.source.path=/somewhere/shakespeare/input.txt"
        (folder / "recipe.yaml").write_text(load("gpt_chars", [path, *overrides]).to_yaml())
        (folder / "report.json").write_text(json.dumps(REPORT | facts))
        (folder / "log.csv").write_text(LOG)
        return folder

    return make


def evaluated(folder, *overrides, batches=None, **found):
    one = {"overrides": overrides, "batches": batches, "found": found, "seconds": 1.0}
    with (folder / FILE).open("a") as file:
        file.write(json.dumps(one) + "\n")


def row(text, number=0):
    return [cell.strip() for cell in text.splitlines()[2 + number].split("|")[1:-1]]


def test_a_row_says_what_the_run_left(run):
    found = row(table([opened(run("a"))]))
    assert found[:4] == ["`gpt_chars`", "shakespeare/input.txt", "1,234", "4,000,000"]
    assert found[4:] == [
        "1.500 nats, 2.164 bits per byte",
        "",
        "2 min (3 min of one core)",
        "abc1234",
    ]


def test_it_says_where_its_recipe_differs_but_not_where_the_machine_does(run):
    folder = run("a", "model.num_layers=2", "model.blocks.attention.position=alibi")
    first = row(table([opened(folder)]))[0]
    assert first == "`gpt_chars`, `model.num_layers=2`, `model.blocks.attention.position=alibi`"


def test_seeds_share_a_row_and_nothing_else_does(run):
    losses = {"a": 1.5, "b": 1.7}
    runs = [
        opened(run(name, f"training.seed={seed}", validation={"loss": loss}))
        for seed, (name, loss) in enumerate(losses.items())
    ]
    runs.append(opened(run("c", "model.num_layers=2")))
    assert [[one.name for one in together] for together in by_experiment(runs)] == [
        ["a", "b"],
        ["c"],
    ]
    assert row(table(runs))[0] == "`gpt_chars` (2 seeds)"
    assert row(table(runs))[4] == "1.600 ± 0.141 nats"


def test_an_evaluation_counts_for_more_than_the_last_validation(run):
    folder = run("a")
    evaluated(folder, loss=1.4, bits_per_byte=2.0, accuracy=0.6, tokens=9)
    evaluated(folder, "model.blocks.attention.memory_length=0", loss=1.8)
    evaluated(folder, "model.blocks.attention.memory_length=0", loss=1.9)
    evaluated(folder, "training.log_every=1", batches=2, loss=0.1)
    text = table([opened(folder)])
    assert row(text)[4] == "1.400 nats, 2.000 bits per byte"
    assert row(text, 1)[0] == "the same, evaluated with `model.blocks.attention.memory_length=0`"
    assert row(text, 1)[4] == "1.900 nats"
    assert "log_every" not in text  # a look at the first batches is no result


def test_a_yardstick_stands_beside_every_run_but_itself(run):
    one, other = opened(run("a")), opened(run("b", "model.num_layers=2"))
    text = table([one, other], [one])
    assert [row(text, number)[5] for number in (0, 1)] == [
        "",
        "`a`: 1.500 nats, 2.164 bits per byte",
    ]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"loss": 0.5, "accuracy": 0.91}, "91.0 % right, 0.500 nats"),
        ({"loss": 2, "accuracy": 0.5, "bleu": 31.24}, "BLEU 31.2, 2.000 nats"),
        ({"map": 51.5, "map_50": 80.0, "accuracy": 1}, "mAP 51.5, 80.0 at an overlap of 0.5"),
        ({"rougel": 9, "rouge1": 20, "rouge2": 3.33}, "ROUGE-1 20.0, ROUGE-2 3.3, ROUGE-L 9.0"),
    ],
)
def test_figures_are_said_in_the_words_of_their_field(found, words):
    assert sentence(spread([found])) == words


def test_there_is_a_picture_for_all_that_was_measured_and_for_nothing_else(run, tmp_path):
    first, second = run("a"), run("b", "model.num_layers=2")
    for length, share in ((64, 0.9), (128, 0.7)):
        evaluated(first, f"data.batching.sequence_length={length}", loss=1.0, accuracy=share)
    contexts = {"contexts": [8, 16], "models": {str(first): {"losses": [2.0, 1.8]}}}
    (first / "recl.json").write_text(json.dumps(contexts))
    drawn = draw([opened(first), opened(second)], tmp_path)
    names = ["loss", "context", "sequence_length", "sequence_length_loss"]
    assert [file.name for file in drawn] == [f"{name}.png" for name in names]
    assert all(file.stat().st_size > 5000 for file in drawn)
    assert [file.name for file in draw([opened(second)], tmp_path)] == ["loss.png"]


def test_it_writes_between_two_lines_of_a_file_and_leaves_the_rest(run, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- gpt -->\nold\n<!-- end gpt -->\nafter\n")
    words = ["report", str(run("a")), "--into", str(page), "--section", "gpt"]
    for _ in range(2):
        told = CliRunner().invoke(cli.app, [*words, "--to", str(tmp_path / "pictures")])
        assert told.exit_code == 0, told.output
    text = page.read_text()
    assert text.startswith("before\n<!-- gpt -->\n| recipe |")
    assert text.endswith("![gpt loss](pictures/gpt_loss.png)\n<!-- end gpt -->\nafter\n")
    assert "old" not in text
    assert text.count("| `gpt_chars` |") == 1


def test_what_is_wrong_is_said_in_a_line(run, tmp_path):
    empty, begun, broken = tmp_path / "empty", run("begun"), run("broken")
    empty.mkdir()
    (begun / "report.json").unlink()
    (broken / FILE).write_text("{}\n")
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    cases = {
        "holds no run (no recipe.yaml)": [empty],
        "has not come to its end (no report.json). Go on with: zoo train": [begun],
        f"{FILE}:1: is not what zoo evaluate wrote": [broken],
        "has no lines <!-- report --> and <!-- end report -->": [run("a"), "--into", page],
    }
    for message, words in cases.items():
        says(refused(_report, *words), message)


def _report(*words):
    return cli.app(["report", *map(str, words)], standalone_mode=False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    (folder / "text.txt").write_text("def f(x):\n    return x\n" * 200)
    path = f"data.source.path={folder / 'text.txt'}"
    given = [path, "training.steps=4", "training.jit_compile=false", "training.log_every=1"]
    zoo.train(zoo.load_recipe("gpt_chars", given, tiny=True), folder / "run")
    return folder / "run"


def test_what_was_evaluated_is_kept(trained):
    found = zoo.evaluate(trained, ["training.log_every=3"], batches=2)
    lines = [json.loads(line) for line in (trained / FILE).read_text().splitlines()]
    assert lines[-1]["found"] == found
    assert lines[-1]["overrides"] == ["training.log_every=3"]
    assert lines[-1]["batches"] == 2


def test_runs_stand_beside_each_other_with_what_differs(run, tmp_path):
    a = run("a")
    b = run("b", "training.seed=3", "model.num_layers=2", validation={"loss": 1.25}, seconds=60.0)
    rows = {row[0]: row[1:] for row in beside([opened(a), opened(b)])}
    assert rows[""] == ["a", "b"]
    assert rows["model.num_layers"] == ["4", "2"]
    assert rows["training.seed"] == ["nothing", "3"]
    assert rows["loss"] == ["1.500 nats", "1.250 nats"]
    assert rows["bits_per_byte"] == ["2.164 bits per byte", "–"]
    assert rows["seconds"] == ["120", "60"]
    assert "training.steps" not in rows
    file = tmp_path / "pictures" / "both.png"
    said = CliRunner().invoke(cli.app, ["compare", str(a), str(b), "--to", str(file)]).output
    says(said, "model.num_layers", "1.250 nats", f"tensorboard --logdir_spec a:{a}/tensorboard,b:")
    assert file.read_bytes().startswith(b"\x89PNG")
    alone = CliRunner().invoke(cli.app, ["compare", str(a)])
    assert "expected two runs or more" in str(alone.exception)
