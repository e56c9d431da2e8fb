"""The command: quick to answer, and what it prints is what there is."""

import importlib
import json
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from zoo import cli
from zoo.core.errors import ZooError
from zoo.core.kinds import kinds
from zoo.recipe.command import SHELVES
from zoo.recipe.load import available

run = CliRunner().invoke


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["list", "positions"]])
def test_it_answers_without_importing_keras(arguments):
    code = (
        "import sys; sys.argv = ['zoo', *sys.argv[1:]]\n"
        "from zoo import cli\n"
        "try: cli.main()\n"
        "except SystemExit as done: assert not done.code\n"
        "heavy = {'keras', 'tensorflow', 'keras_hub', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert time.perf_counter() - began < 5  # a loose bound: no heavy import is what keeps it quick


@pytest.mark.parametrize("asked", [True, False])
def test_memory_is_returned_where_the_recipe_says_so(asked, monkeypatch):
    def stop(*_):
        raise ZooError("as far as it has to go")

    called = []
    monkeypatch.setattr(cli.machine, "return_memory", lambda: called.append("before training"))
    monkeypatch.setattr(cli.zoo, "train", stop, raising=False)
    option = f"training.return_memory={str(asked).lower()}"
    found = run(cli.app, ["train", "quickstart", "--tiny", option])
    assert "as far as it has to go" in str(found.exception)
    assert called == ["before training"] * asked


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator, read in /proc")
@pytest.mark.parametrize("asked", [True, False])
def test_freed_memory_goes_back_when_asked(asked):
    """Half of 20 pieces of 16 MiB; glibc keeps them once a piece as large was freed."""
    code = (
        "from pathlib import Path\n"
        "from zoo.core import machine\n"
        f"{asked} and machine.return_memory()\n"
        "held = lambda: int(Path('/proc/self/statm').read_text().split()[1])\n"
        "first = bytearray(20 << 20); del first\n"
        "pieces = [bytearray(b'x') * (16 << 20) for _ in range(20)]\n"
        "full = held(); del pieces[::2]\n"
        "print((full - held()) / full)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (float(done.stdout) > 0.3) == asked


@pytest.mark.parametrize("what", SHELVES)
def test_list_names_every_kind_with_a_line(what):
    shown = run(cli.app, ["list", what]).stdout.splitlines()
    assert [line.split()[0] for line in shown] == kinds(SHELVES[what])
    assert all(len(line.split()) > 2 for line in shown)


def test_list_names_every_recipe():
    shown = run(cli.app, ["list"]).stdout.splitlines()
    assert [line.split()[0] for line in shown] == sorted(available())


def test_copy_writes_a_recipe_and_never_over_a_file(tmp_path):
    assert run(cli.app, ["copy", "quickstart", str(tmp_path)]).exit_code == 0
    written = tmp_path / "quickstart.yaml"
    assert written.read_text() == available()["quickstart"].read_text()
    again = run(cli.app, ["copy", "quickstart", str(written)])
    assert "exists already" in str(again.exception)


def test_public_names_are_there():
    import zoo

    for name in zoo.PUBLIC:
        assert getattr(zoo, name)
    with pytest.raises(AttributeError, match="zoo has no 'nothing'"):
        _ = zoo.nothing


def test_packages_that_nothing_here_uses_are_there_again_later():
    sys.modules.pop("wave", None)
    with cli.machine.without(["json", "wave"]):
        with pytest.raises(ImportError):
            importlib.import_module("wave")
        assert importlib.import_module("json") is json  # it was there before
    assert importlib.import_module("wave")
