"""Models of music go on with MIDI files from a graph as they do live."""

import numpy as np
import pytest
import tensorflow as tf
from bad_input import refused, says
from examples import causal_lm, transformer_xl
from python_free import Client, built
from test_python_free import answers_its_requests
from test_signatures import asked

from zoo.backbones import Backbone
from zoo.core.kinds import make
from zoo.generation.infill import NUM_TURNS
from zoo.generation.write import Sampling, Writer
from zoo.recipe.sections import Export
from zoo.serving.export import by_default, export
from zoo.serving.requests import PLAYED
from zoo.serving.signatures import Served
from zoo.serving.signatures._stream import Stream
from zoo.tasks import Task
from zoo.tokenizers.bytes import Bytes
from zoo.tokenizers.music_events import MusicEvents
from zoo.tokenizers.voice_grid import VoiceGrid
from zoo.training.infilled import filled

POSITIONS = {
    "events": {"kind": "relative_music", "max_distance": 16},
    "grid": {"kind": "relative_pitch_time", "max_distance": 16, "max_steps": 8, "num_voices": 4},
}
BLOCK = {
    "kind": "pre_norm",
    "attention": {"kind": "multi_head", "num_heads": 2, "head_dim": 4},
    "feed_forward": {"kind": "plain", "intermediate_dim": 16},
}
TOKENIZERS = {"events": MusicEvents(), "grid": VoiceGrid()}
OPTIONS = {"max_new_tokens": 12, "temperature": 0.9, "top_k": 0, "top_p": 0.95, "seed": 4}


def model(kind):
    block = {**BLOCK, "attention": {**BLOCK["attention"], "position": POSITIONS[kind]}}
    backbone = {"kind": "transformer", "num_layers": 1, "hidden_dim": 8, "blocks": block}
    size = TOKENIZERS[kind].vocabulary_size
    task = causal_lm({**backbone, "position": "sinusoidal"}, size, tie_embeddings=False)
    return Served(task, TOKENIZERS[kind])


def plain():
    """A model of texts."""
    backbone = {"kind": "transformer", "num_layers": 1, "hidden_dim": 8, "blocks": BLOCK}
    return causal_lm({**backbone, "position": "sinusoidal"}, Bytes.vocabulary_size)


@pytest.fixture(scope="module", params=["events", "grid"])
def served(request):
    return model(request.param)


def tensors(**options):
    dtypes = {"max_new_tokens": "int32", "top_k": "int32", "seed": "int32"}
    return {k: tf.constant([x], dtypes.get(k, "float32")) for k, x in options.items()}


def test_pieces_go_on_as_they_do_live(served):
    ask = asked(served.task, served.tokenizer, "continue")
    assert sorted(ask) == ["continue", "continue_ids", "serving_default"]
    files = [PLAYED, b"", served.tokenizer.midi([60, 64, 67, 72] * 3)]
    found = ask["continue"](tf.constant(files), *tensors(**OPTIONS).values())
    options = {k: x for k, x in OPTIONS.items() if k != "max_new_tokens"}
    end, rows = served.tokenizer.end_token_id, []
    for place, midi in enumerate(files):
        read = served.tokenizer.read(np.frombuffer(midi, "uint8")).astype("int32")
        prompt = np.concatenate([[end], read]).astype("int32")
        new = [*Writer(served.task).write(prompt, 12, Sampling(**options), (end,))]
        assert found["midi_bytes"][place].numpy() == served.tokenizer.midi([*read, *new])
        assert found["num_new_tokens"][place] == len(new)
        rows.append(read.tolist())
    counts = [len(row) for row in rows]
    ids = tf.ragged.constant(rows, tf.int32).to_tensor(end)
    by_ids = ask["continue_ids"](ids, tf.constant(counts), *tensors(**OPTIONS).values())
    written = served.tokenizer.detokenize(by_ids["token_ids"])
    assert written.numpy().tolist() == found["midi_bytes"].numpy().tolist()
    assert (by_ids["num_tokens"] == counts + found["num_new_tokens"]).numpy().all()


def test_a_recurrent_model_draws_behind_a_long_piece_what_it_draws_live(draw):
    """What its tokens see depends on where the piece is cut: both cut alike."""
    grid = TOKENIZERS["grid"]
    task = causal_lm(transformer_xl(memory_length=4, layers=2), grid.vocabulary_size)
    for weight in task.weights:
        weight.assign(weight * 4)
    read = draw.integers(40, 90, 300).astype("int32")
    prompt, writer = np.concatenate([[grid.end_token_id], read]).astype("int32"), Writer(task)
    stream = Stream(Served(task, grid))
    _, memory = stream.read(tf.RaggedTensor.from_tensor(read[None]), stream.begin(1, 0))
    scores, _ = writer.begin(prompt[None], 12)
    np.testing.assert_allclose(memory.logits, scores, atol=1e-4)
    live = writer.begin
    writer.segment = 4
    assert np.abs(live(prompt[None], 12)[0] - scores).max() > 1e-2  # cut elsewhere, it is another
    writer.segment = stream.segment
    ask = asked(task, grid, "continue")["continue"]
    found = ask(tf.constant([grid.midi(read)]), *tensors(**OPTIONS).values())
    options = {k: x for k, x in OPTIONS.items() if k != "max_new_tokens"}
    new = [*writer.write(prompt, 12, Sampling(**options), (grid.end_token_id,))]
    assert found["midi_bytes"][0].numpy() == grid.midi([*read, *new])


def filler():
    """A task that fills gaps."""
    position = {**POSITIONS["events"], "bidirectional": True}
    attention = {**BLOCK["attention"], "pattern": "full", "position": position}
    block = {**BLOCK, "attention": attention}
    backbone = {"kind": "transformer", "num_layers": 1, "hidden_dim": 8, "blocks": block}
    made = make(Backbone, backbone, vocabulary_size=VoiceGrid.vocabulary_size)
    return make(Task, {"kind": "masked_lm", "initializer_range": 0.3}, backbone=made)


@pytest.fixture(scope="module")
def fills():
    """Such a task, and what is asked of it in a graph."""
    task = filler()
    return task, asked(task, TOKENIZERS["grid"], "infill")


CHOSEN = {"temperature": 0.8, "top_k": 0, "top_p": 1.0}
VOICES = [[False, True, False, True], [False] * 4, [False] * 4]
QUARTERS = [(0, 0), (1.5, 3), (0, 0)]


def test_gaps_are_filled_as_they_are_live(fills, draw):
    (task, ask), grid = fills, TOKENIZERS["grid"]
    assert sorted(ask) == ["infill", "infill_ids", "serving_default"]
    pieces = [draw.integers(40, 90, (length, 4)) for length in (6, 12, 16)]
    pieces[2][:, 2] = 128
    files = [grid.midi(one.reshape(-1)) for one in pieces]
    first, last = (tf.constant(x, tf.float32) for x in zip(*QUARTERS))
    seeds = [7, 8, 9]
    chosen = *tensors(**CHOSEN).values(), tf.constant(seeds)
    found = ask["infill"](tf.constant(files), tf.constant(VOICES), first, last, *chosen)
    assert found["num_new_tokens"].numpy().tolist() == [12, 24, 16]
    live = [([1, 3], None), ([], QUARTERS[1]), ([], None)]
    luck = [Sampling(0.8, seed=seed) for seed in seeds]
    asked_for = zip(files, *zip(*live), [NUM_TURNS] * 3, luck)
    written = [filled(task, grid, *one) for one in asked_for]
    assert found["midi_bytes"].numpy().tolist() == written
    assert all(one != file for one, file in zip(written, files))
    rows = tf.ragged.constant([one.reshape(-1).tolist() for one in pieces], tf.int32)
    ids, counts = rows.to_tensor(grid.end_token_id), tf.cast(rows.row_lengths(), tf.int32)
    by_ids = ask["infill_ids"](ids, counts, tf.constant(VOICES), first, last, *chosen)
    again = [grid.midi(row[:n]) for row, n in zip(by_ids["token_ids"].numpy(), counts.numpy())]
    assert again == written


@pytest.mark.parametrize(
    ("voices", "last", "said"),
    [
        ([False] * 4, 0, "voices: found none, and all voices sing"),
        ([True] * 4, 2, "expected 0 <= first < last <= the end of the piece"),
    ],
)
def test_gaps_that_are_none_are_named(fills, voices, last, said):
    ask, file = fills[1]["infill"], TOKENIZERS["grid"].midi([60, 64, 67, 72] * 4)
    given = tf.constant([file]), tf.constant([voices]), tf.zeros(1), tf.constant([last * 1.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match=said):
        ask(*given, *tensors(**CHOSEN, seed=0).values())


def test_one_file_that_is_none_is_named(served):
    ask = asked(served.task, served.tokenizer, "score")["score"]
    with pytest.raises(tf.errors.InvalidArgumentError) as wrong:
        ask(tf.constant([PLAYED, b"no music"]))
    assert "midi[1]: is no MIDI file." in str(wrong.value)
    assert sorted(ask(tf.constant([PLAYED]))) == ["log_likelihood", "num_tokens"]


def test_what_reads_texts_is_not_asked_of_music_nor_the_other_way():
    music, text = model("events"), Served(plain(), Bytes())
    assert by_default(music) == ["continue", "score", "start", "step", "tokenize"]
    assert "continue" not in by_default(text)
    for one, name, what in (
        (music, "generate", "a model of music, and of these it reads none"),
        (music, "write", "a model of music, of which no part is a file"),
        (text, "continue", "a model of texts, and of these it reads none"),
        (Served(filler(), MusicEvents()), "infill", "a model of events, and gaps are those of"),
    ):
        said = refused(asked, one.task, one.tokenizer, name)
        says(said, f"{name}: found {what}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "names"),
    [
        (lambda: model("grid").task, ["continue", "tokenize"]),
        (filler, ["infill"]),
    ],
)
def test_it_answers_a_program_in_c(made, names, tmp_path):
    served = Served(made(), TOKENIZERS["grid"])
    folder = export(served, tmp_path / "music", Export(signatures=names))
    client = Client(built(tmp_path), folder)
    assert answers_its_requests(client, folder) == set(names)
    assert client.close() == 0
    assert '{"b64": "\'$(base64 -w0 piece.mid)\'"}' in (folder / "README.md").read_text()
