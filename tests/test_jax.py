"""The same layers on the JAX backend, in a process of its own: the way to TPUs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SUITES = ["test_attention.py", "test_transformer_xl.py"]


@pytest.mark.parametrize("suite", SUITES)
def test_the_same_promises_hold_on_jax(suite):
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "pytest", str(TESTS / suite), "-p", "no:cacheprovider", "-q"]
    command += ["-p", "no:xdist", "-k", "not gradient_flows"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
