"""A graph reads and writes MIDI files as NumPy and mido do, byte by byte."""

import random
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from zoo.core.errors import ZooError
from zoo.data.sources.chorales import Chorales
from zoo.music.midi import write
from zoo.music.notes import Notes
from zoo.serving.requests import PLAYED
from zoo.tokenizers.music_events import MusicEvents
from zoo.tokenizers.voice_grid import VoiceGrid

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
EVENTS, GRID = MusicEvents(), VoiceGrid(num_voices=6, steps_per_quarter=3)
TEXT, IDS = tf.TensorSpec([None], tf.string), tf.TensorSpec([None, None], tf.int32)
SOUNDS = [(0x90, 2)] * 5 + [(0x80, 2)] * 3 + [(first, 2) for first in (0xA0, 0xB0, 0xE0)]
SOUNDS += [(0xC0, 1), (0xD0, 1)]
"""Statuses of channel 0, and how many data bytes stand behind them."""


class Graph:
    """The two ways of a tokenizer, traced."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.read = tf.function(tokenizer.tokenize, [TEXT], autograph=False)
        self.write = tf.function(tokenizer.detokenize, [IDS], autograph=False)

    def alone(self, midi):
        """What NumPy reads."""
        return self.tokenizer.read(np.frombuffer(midi, "uint8")).astype(int).tolist()

    def tried(self, midi):
        try:
            return self.read([midi])[0].numpy().tolist()
        except tf.errors.InvalidArgumentError as wrong:
            return None if "midi[0]: " in str(wrong) else str(wrong)

    def alone_tried(self, midi):
        try:
            return self.alone(midi)
        except ZooError:
            return None


@pytest.fixture(scope="module", params=[EVENTS, GRID], ids=["events", "grid"])
def graph(request):
    return Graph(request.param)


def number(value):
    """As a file has it, the larger parts first."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(0x80 | value & 0x7F)
    return bytes(reversed(parts))


def message(luck, status):
    """A message that may follow on one of a status, and the status behind it."""
    kind = luck.randrange(12)
    if kind == 0:  # a text, a tempo, and more than a tempo
        told, size = luck.choice([(1, 3), (0x51, 3), (0x51, 5)])
        return bytes([0xFF, told]) + number(size) + luck.randbytes(size), status
    if kind == 1:  # for one machine alone
        size = luck.randrange(200)
        return bytes([luck.choice([0xF0, 0xF7])]) + number(size) + luck.randbytes(size), None
    first, size = luck.choice(SOUNDS)
    data = [luck.choice([60, 64, 0, 127]), luck.choice([0, 1, 63, 64, 127])]
    if kind < 4:
        first, size, data[0] = 0xB0, 2, luck.choice([64, 64, 7])
    first += luck.choice([0, 0, 1, 9])
    left_out = status == first and luck.random() < 0.8
    return bytes([*[first][left_out:], *data[:size]]), first


def composed(seed):
    """A MIDI file of all that one may hold."""
    luck, tracks = random.Random(seed), []
    for _ in range(luck.randrange(4)):
        content, status = b"", None
        for _ in range(luck.randrange(60)):
            said, status = message(luck, status)
            content += number(luck.choice([0, 0, 1, 1, 37, 480, 480, 20_000])) + said
        tracks.append(b"MTrk" + len(content).to_bytes(4, "big") + content)
    sizes = luck.choice([0, 1, 2]), len(tracks), luck.choice([24, 96, 480, 997])
    head = b"".join(one.to_bytes(2, "big") for one in sizes) + luck.choice([b"", b"", b"abc"])
    return b"MThd" + len(head).to_bytes(4, "big") + head + b"".join(tracks)


def test_files_of_all_kinds_are_read_as_mido_hears_them(graph):
    files = [PLAYED, b"", *map(composed, range(150))]
    found = graph.read(files)
    wanted = [*map(graph.alone, files)]
    assert sum(len(ids) > 20 for ids in wanted) > 70
    for ours, theirs in zip(found, wanted):
        assert ours.numpy().tolist() == theirs
    assert graph.read(tf.constant([], tf.string)).shape[0] == 0


def test_damaged_files_are_refused_or_read_alike(graph):
    luck, numbers = random.Random(0), []
    for seed in range(80):
        midi = bytearray(composed(seed))
        for _ in range(luck.randrange(1, 4)):
            midi[luck.randrange(len(midi))] = luck.randrange(256)
        midi = bytes(midi[: luck.randrange(len(midi)) if seed % 4 == 0 else None])
        ours, theirs = graph.tried(midi), graph.alone_tried(midi)
        assert ours == theirs
        numbers.append(-1 if ours is None else len(ours))
    assert numbers.count(-1) > 20
    assert sum(one > 0 for one in numbers) > 20


def test_any_tokens_are_written_byte_by_byte_as_mido_writes_them(graph):
    luck, size = np.random.default_rng(1), graph.tokenizer.vocabulary_size
    rows = luck.integers(0, size, (40, 120))
    rows[20:] = luck.choice([60, 61, 188, 300, 380, size - 1], (20, 120)) % size  # again and again
    rows[-1] = graph.tokenizer.end_token_id
    found = graph.write(rows.astype("int32")).numpy()
    for ours, row in zip(found, rows):
        assert ours == graph.tokenizer.midi(row)


def test_a_file_is_refused_by_its_place(graph):
    for wrong, said in [
        (b"text", "is no MIDI file."),
        (PLAYED[:-1], "is a damaged MIDI file."),
        (PLAYED[:12] + b"\xe7\x28" + PLAYED[14:], "counts frames of a film (SMPTE), expected"),
        (b"MThd" + bytes(1 << 23), "has more than 8,388,608 bytes."),
        (lasting(1 << 27), "lasts for more than 262,144 tokens."),
    ]:
        with pytest.raises(tf.errors.InvalidArgumentError) as found:
            graph.read([PLAYED, wrong])
        assert f"midi[1]: {said}" in str(found.value)
    with pytest.raises(ZooError, match="lasts for more than 262,144 tokens"):
        graph.alone(lasting(1 << 27))
    if graph.tokenizer is GRID:
        with pytest.raises(tf.errors.InvalidArgumentError) as found:
            graph.read([GRID.midi([]), write(Notes.of([]), 7)])
        wanted = "midi[1]: found 7 voices (tracks and channels), expected at most 6."
        assert wanted in str(found.value)


def lasting(ticks):
    """A file with one note, as long as that."""
    content = b"\0\x90\x3c\x40" + number(ticks) + b"\x80\x3c\0"
    return PLAYED[:18] + len(content).to_bytes(4, "big") + content


@pytest.mark.parametrize("name", ["asap-piano-midi", "jsb-chorales"])
def test_real_files_are_read_and_written_as_mido_does(name):
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"no {name} here")
    if name == "jsb-chorales":
        documents = Chorales(str(folder / "Jsb16thSeparated.json")).train()
        graph, files = Graph(VoiceGrid()), [one.data.tobytes() for one in documents[:20]]
    else:
        graph, files = Graph(EVENTS), [one.read_bytes() for one in sorted(folder.glob("*.mid"))[:5]]
    for midi, found in zip(files, graph.read(files)):
        assert found.numpy().tolist() == graph.alone(midi)
        assert graph.write(found[None]).numpy()[0] == graph.tokenizer.midi(found.numpy())
