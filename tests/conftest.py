"""One quiet import of Keras for all tests, and the models they share."""

import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import pytest
from examples import causal_lm, gpt, transformer_xl
from gradients import TENSORFLOW

from zoo.training import loop


@functools.wraps(loop.by_xla)
def asked_for(settings):
    """XLA takes longer to compile a small model than it is then trained: in this process it does
    only where a test asks for it."""
    return bool(settings.jit_compile)


if TENSORFLOW:
    loop.by_xla = asked_for


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def pytest_fixture_setup(fixturedef, request):
    """What tests share has the same weights whichever of them asks for it first."""
    if fixturedef.scope != "function":
        keras.utils.set_random_seed(0)


@pytest.fixture
def draw():
    """A seeded generator of numbers."""
    return np.random.default_rng(0)


@pytest.fixture
def originals():
    """A Python that has the original implementations, and what the scripts in tests/golden ask
    for: the one that ZOO_ORIGINALS names."""
    python = os.environ.get("ZOO_ORIGINALS")
    if python is None:
        pytest.skip("ZOO_ORIGINALS names no Python with the original implementations")
    return python


@pytest.fixture(scope="session")
def xl():
    """A small Transformer-XL that remembers 6 tokens. Tests must not change its weights."""
    return causal_lm(transformer_xl(memory_length=6))


@pytest.fixture(scope="session")
def gpt_lm():
    """A small GPT with 16 learned positions. Tests must not change its weights."""
    return causal_lm(gpt(max_sequence_length=16))


@pytest.fixture(scope="session")
def live(tmp_path_factory):
    """A process of `zoo serve` over small models, with small limits."""
    from served import SMALL, Live, save_all

    folder = save_all(tmp_path_factory.mktemp("served"))
    with Live(folder, *SMALL) as server:
        yield server.warm()
        assert server.process.poll() is None, "".join(server.errors)


@pytest.fixture(scope="session")
def picture_run(tmp_path_factory):
    """The run of a tiny CoAtNet, trained for three steps. Tests must not change its files."""
    import small_files

    import zoo

    folder = tmp_path_factory.mktemp("pictures")
    small_files.write_pictures(folder / "f.npz")
    told = [f"data.source.path={folder / 'f.npz'}", "training.steps=3", "training.validate_every=3"]
    zoo.train(zoo.load_recipe("coatnet_cifar", told, tiny=True), folder / "run")
    return folder / "run"
