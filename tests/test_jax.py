"""The same layers on the JAX backend, in a process of its own: the way to TPUs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
BACKEND = {
    "KERAS_BACKEND": "jax",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
}
"""JAX on a CPU, that compiles as fast as it can."""
SUITES = {
    "test_attention.py": "sees_exactly and dense and causal or 5-block_sparse-multi_head",
    "test_kernels.py": "learn_like and causal-relative_xl or loop or splash",
}
"""What of each suite is run every time: JAX compiles every shape anew, which takes its while."""
WHOLE = [
    "test_attention.py",
    "test_beams.py",
    "test_kernels.py",
    "test_layers_like_keras.py",
    "test_losses.py",
    "test_lsh.py",
    "test_lstm_encoder_decoder.py",
    "test_mixture.py",
    "test_positions.py",
    "test_published_attention.py",
    "test_recurrent.py",
    "test_streaming.py",
    "test_transformer_xl.py",
]


@pytest.mark.parametrize("suite", SUITES)
def test_the_same_promises_hold_on_jax(suite):
    run_on_jax(suite, SUITES[suite])


@pytest.mark.slow
@pytest.mark.parametrize("suite", WHOLE)
def test_all_promises_hold_on_jax(suite):
    run_on_jax(suite, "")


def run_on_jax(suite, chosen):
    environment = {**os.environ, **BACKEND}
    command = [sys.executable, "-m", "pytest", str(TESTS / suite), "-p", "no:cacheprovider", "-q"]
    chosen = f"not gradient_flows and ({chosen})" if chosen else "not gradient_flows"
    command += ["-n", "0", "-k", chosen]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
