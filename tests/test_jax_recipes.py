"""The training step of every recipe on JAX, by XLA: what TPUs and JAX's GPUs compile."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import small_files
from test_jax import BACKEND
from test_own_text import trained

import zoo
from zoo.recipe.load import available

QUICK = ["language/masked_word_pieces", "synthetic/duplication"]
"""Compiled every time: an encoder, and buckets of hashes."""
REFUSED: dict[str, str] = {}
"""What the code says of recipes that JAX cannot train; none is known."""
SCRIPT = Path(__file__).with_name("jax_steps.py")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return small_files.write(tmp_path_factory.mktemp("jax"))


def asked(name, files):
    """A recipe at its toy sizes, on small files where it brings no data; behind the runs that it
    begins with."""
    if name not in small_files.NAMES:
        return zoo.load_recipe(name, tiny=True)
    for other in small_files.needed(name):
        trained(other, files)
    own = Path(files["json_lines"]["path"]).with_name(f"{Path(name).name}.jsonl")
    files = {**files, "json_lines": {"path": str(own), "validation_path": str(own)}}
    return zoo.load_recipe(name, small_files.overrides(name, files), tiny=True)


def steps(names, files):
    """What came of a step of each, by name: one process for all."""
    recipes = [asked(name, files) for name in names]
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        input=json.dumps([[name, one.tree] for name, one in zip(names, recipes)]),
        capture_output=True,
        text=True,
        env={**os.environ, **BACKEND},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = map(json.loads, done.stdout.splitlines())
    return {one.pop("name"): one for one in found}


def compiles(names, found):
    wrong = {name: found.get(name) for name in names if name not in REFUSED}
    for name, one in list(wrong.items()):
        if one and math.isfinite(one.get("loss", math.nan)) and not one["host"]:
            del wrong[name]
    assert not wrong, json.dumps(wrong, indent=1)
    for name in set(REFUSED) & set(names):
        assert REFUSED[name] in found[name].get("refused", ""), found[name]


def test_a_step_of_some_recipes_compiles_on_jax(files):
    compiles(QUICK, steps(QUICK, files))


@pytest.mark.slow
def test_a_step_of_every_recipe_compiles_on_jax(files, monkeypatch):
    monkeypatch.chdir(Path(files["text_files"]["path"]).parent)
    names = [name for name in sorted(available()) if not name.startswith("published/")]
    assert len(names) > 60
    compiles(names, steps(names, files))
