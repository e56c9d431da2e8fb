"""What takes minutes or the original implementations: `pytest -m slow`, `pytest -m parity`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.slow
def test_the_quick_start_learns_exports_and_writes(tmp_path):
    """README's first command after the installation: real text, real sizes, under five minutes."""
    command = [sys.executable, "-m", "zoo.cli", "train", "quickstart"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Loaded in a fresh process, it writes:\n\ndef " in done.stdout
    assert (tmp_path / "saved_models" / "quickstart" / "1" / "saved_model.pb").exists()
    report = json.loads((tmp_path / "runs" / "quickstart" / "report.json").read_text())
    assert report["validation"]["loss"] < 1.5


@pytest.mark.parity
def test_the_original_still_gives_the_golden_numbers(tmp_path):
    """Set ZOO_ORIGINALS to a Python that has what tests/golden/make_transformer_xl.py asks for."""
    python = os.environ.get("ZOO_ORIGINALS")
    if python is None:
        pytest.skip("ZOO_ORIGINALS names no Python with the original implementations")
    made = tmp_path / "made.npz"
    subprocess.run([python, str(GOLDEN / "make_transformer_xl.py"), str(made)], check=True)
    with np.load(made) as new, np.load(GOLDEN / "transformer_xl.npz") as kept:
        assert new.files == kept.files
        for name in kept.files:
            if kept[name].dtype.kind == "f":
                np.testing.assert_allclose(new[name], kept[name], atol=1e-5)
            else:
                assert (new[name] == kept[name]).all()
