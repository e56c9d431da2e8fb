"""What takes minutes or the original implementations: `pytest -m slow`, `pytest -m parity`."""

import json
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


WHERE = {"make_checkpoints": "checkpoints", "make_seq2seq_checkpoints": "checkpoints"}
FOLDERS = {
    **WHERE,
    "make_long_checkpoints": ".",
    "make_image_checkpoints": "image_checkpoints",
}
"""Scripts that make many files, and the folder they take."""
GIVEN = ("make_sha_rnn",)
"""Scripts that want the original beside them."""
SCRIPTS = [file.stem for file in sorted(GOLDEN.glob("make_*.py")) if file.stem not in GIVEN]


@pytest.mark.parity
@pytest.mark.parametrize("script", SCRIPTS)
def test_the_original_still_gives_the_golden_numbers(script, tmp_path, originals):
    for folder in ("checkpoints", "long_checkpoints"):
        (tmp_path / folder).mkdir()
    out = FOLDERS.get(script, f"{script.removeprefix('make_')}.npz")
    subprocess.run([originals, str(GOLDEN / f"{script}.py"), str(tmp_path / out)], check=True)
    made = sorted(tmp_path.rglob("*.npz"))
    assert made
    for file in made:
        with np.load(file) as new, np.load(GOLDEN / file.relative_to(tmp_path)) as kept:
            assert sorted(new.files) == sorted(kept.files)
            for name in kept.files:
                if kept[name].dtype.kind == "f":
                    np.testing.assert_allclose(new[name], kept[name], atol=1e-5, err_msg=name)
                else:
                    assert (new[name] == kept[name]).all(), name
