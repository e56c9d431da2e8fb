"""What a recipe attends to, drawn: `zoo check --picture`."""

import numpy as np
import pytest
from bad_input import says
from examples import attention_layer as layer

from zoo import cli
from zoo.attention.patterns import Pattern
from zoo.core.kinds import make
from zoo.recipe import picture

TAKING_TURNS = {
    "kind": "heads",
    "patterns": [{"kind": "strided", "stride": 4, "part": part} for part in ("local", "column")],
}


def test_a_panel_for_each_distinct_layer_and_group_of_heads():
    near, by_head = layer(pattern={"kind": "local", "back": 1}), layer(pattern=TAKING_TURNS)
    found, size = picture.panels([near, by_head, near], 16)
    assert size == 16
    assert [title for title, _ in found] == [
        "layers 0, 2: local",
        "layer 1: heads, heads 0, 2",
        "layer 1: heads, heads 1, 3",
        "through all 3 layers",
    ]
    place = np.arange(16)
    gap = place[:, None] - place[None]
    np.testing.assert_array_equal(found[0][1] > 0, (gap >= 0) & (gap <= 1))


def test_what_reaches_a_place_goes_through_the_layers_in_order():
    first, second = np.eye(3, dtype="uint8"), np.eye(3, dtype="uint8")
    first[1, 2], second[0, 1] = 2, 1  # layer 0: 1 sees 2; layer 1: 0 sees 1
    assert picture.reached([first, second])[0, 2] > 0
    assert picture.reached([second, first])[0, 2] == 0
    coarse = picture.reached([first.repeat(2, 0).repeat(2, 1), second])
    assert coarse.shape == (3, 3)
    assert coarse[0, 2] > 0


def test_memory_is_drawn_over_several_segments():
    found, size = picture.panels([layer("segment_recurrent", memory_length=4)] * 2, 4)
    assert size == 12
    table = found[0][1] > 0
    assert not table[8, 3]
    assert table[8, 4]
    assert table[7, 0]
    assert picture.reached([table, table])[8, 0] > 0
    long = picture.Remembered(make(Pattern, "causal"), 1024, 1024)
    tall = picture.table_of(long, 4096, 0) > 0
    assert tall[16:32, :16].all()
    assert not tall[32:, :16].any()


def check(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["zoo", "check", "quickstart", "--tiny", *map(str, arguments)])
    with pytest.raises(SystemExit) as done:
        cli.main()
    return done.value.code


def test_check_names_the_kernel_and_draws(tmp_path, monkeypatch, capfd):
    file = tmp_path / "new" / "seen.png"
    assert not check(monkeypatch, "--picture", file)
    says(capfd.readouterr().out, "kernel           dense")
    assert file.read_bytes().startswith(b"\x89PNG\r\n")
    overrides = ["data.batching.segment_length=1024", "model.blocks.attention.memory_length=0"]
    overrides += ["model.blocks.attention.pattern={kind: local, back: 8}"]
    assert not check(monkeypatch, *overrides)
    says(capfd.readouterr().out, "block_sparse, blocks of 64, 12.1 % of all pairs")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("seen.jpg", ["expected a file that ends in .png"]),
        ("folder.png", ["expected a file that ends in .png"]),
        ("file/seen.png", ["its folder cannot be made"]),
    ],
)
def test_a_picture_that_cannot_be_written(tmp_path, monkeypatch, capfd, name, words):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.png").mkdir()
    assert check(monkeypatch, "--picture", tmp_path / name) == 2
    says(capfd.readouterr().err, "zoo: --picture:", name, *words)
