"""Every command and every program in the README runs, in the order in which it stands there."""

import re
import runpy
import shlex
from pathlib import Path

import pytest

from zoo import cli

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
SETUP = ["pip install . && zoo train quickstart", "pip install '.[test]' && pytest -n 2"]


def commands():
    lines = [line for kind, block in BLOCKS if kind == "bash" for line in block.splitlines()]
    return [line.partition("  #")[0].strip() for line in lines if line.strip()]


def small(command):
    """The words after `zoo`, at toy sizes and without the many steps asked for."""
    words = [word for word in shlex.split(command)[1:] if not word.startswith("training.steps")]
    if words[0] == "train":
        steps = 40 if "--resume" in words else 20
        return [*words, "--tiny", f"training.steps={steps}", "training.jit_compile=false"]
    if words[0] == "bench":
        return [*words, "--lengths", "64", "--no-jit"]
    if words[0] == "tokenize":
        return [*words, "--tiny"]
    if words[0] == "recl":
        return [*words, "--positions", "20"]
    if words[0] == "generate":
        return [*words, "--max-new-tokens", "5"]
    return [*words, "--batches", "2"] if words[0] == "evaluate" else words


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("readme")


def test_set_up_is_two_commands_and_ci_runs_the_second():
    assert commands()[:2] == SETUP
    run = (ROOT / ".ci" / "run").read_text()
    assert "'.[test]' && pytest -n 2" in run


def test_every_command_runs(place, monkeypatch, capfdbinary):
    monkeypatch.chdir(place)
    found = [c for c in commands() if c.startswith("zoo ")]
    assert len(found) >= 8
    for command in found:
        monkeypatch.setattr("sys.argv", ["zoo", *small(command)])
        with pytest.raises(SystemExit) as done:
            cli.main()
        assert not done.value.code, (command, capfdbinary.readouterr())
    assert (place / "saved_models" / "mine").is_dir()


def test_every_program_runs(place, monkeypatch):
    monkeypatch.chdir(place)
    programs = [block for kind, block in BLOCKS if kind == "python"]
    assert len(programs) == 4
    for number, program in enumerate(programs):
        file = place / f"program_{number}.py"
        file.write_text(program)
        runpy.run_path(str(file))


def test_every_kind_in_the_tables_exists():
    from zoo.core.kinds import kinds

    rows = dict(re.findall(r"^\| (\w+) \| (`.*?) \|$", TEXT, re.MULTILINE))
    shelves = {"patterns": "attention/patterns", "kernels": "attention/kernels"}
    shelves |= {"feed_forward": "blocks/feed_forward", "image_blocks": "blocks/image"}
    same = ["attention", "positions", "backbones", "embeddings", "tasks", "tokenizers", "blocks"]
    for name, shelf in {**shelves, **dict(zip(same, same))}.items():
        named = set(re.findall(r"`(\w+)`", rows[name])) - {"layer_norm", "rms_norm"}
        assert named == set(kinds(shelf)), name


def test_every_file_it_names_is_there():
    prose = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
    for name in re.findall(r"\]\((?!http)([^)]+)\)", prose):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"^(zoo/\w+)/", TEXT, re.MULTILINE):
        assert (ROOT / name).is_dir(), name
