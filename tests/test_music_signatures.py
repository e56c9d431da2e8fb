"""Models of music go on with MIDI files from a graph as they do live."""

import numpy as np
import pytest
import tensorflow as tf
from bad_input import refused, says
from examples import causal_lm
from python_free import Client, built
from test_python_free import answers_its_requests
from test_signatures import asked

from zoo.generation.write import Sampling, Writer
from zoo.recipe.sections import Export
from zoo.serving.export import by_default, export
from zoo.serving.requests import PLAYED
from zoo.serving.signatures import Served
from zoo.tokenizers.bytes import Bytes
from zoo.tokenizers.music_events import MusicEvents
from zoo.tokenizers.voice_grid import VoiceGrid

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
    ):
        said = refused(asked, one.task, one.tokenizer, name)
        says(said, f"{name}: found {what}.")


@pytest.mark.slow
def test_it_answers_a_program_in_c(tmp_path_factory):
    served, made = model("grid"), tmp_path_factory.mktemp("exported")
    wanted = Export(signatures=["continue", "tokenize"])
    folder = export(served, made / "music", wanted)
    client = Client(built(made), folder)
    assert answers_its_requests(client, folder) == {"continue", "tokenize"}
    assert client.close() == 0
    assert '{"b64": "\'$(base64 -w0 piece.mid)\'"}' in (folder / "README.md").read_text()
