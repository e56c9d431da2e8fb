"""What a picture is called, written by a model that looks at it."""

import json

import numpy as np
import pytest
import small_files
import tensorflow as tf
from bad_input import refused, says
from keras import ops

import zoo
from zoo.backbones import Backbone
from zoo.core.kinds import make
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.data.sources import Source
from zoo.generation.beams import BeamSearch, BeamWriter
from zoo.metrics import Metric
from zoo.recipe import build
from zoo.recipe.sections import Export
from zoo.serving.export import by_default, endpoints, signatures, suited
from zoo.serving.signatures import Served, Signature
from zoo.tokenizers import Tokenizer
from zoo.training import checkpoints
from zoo.training.painted import save
from zoo.training.run import resolve

BEAMS = BeamSearch(2, 6, 256, 20.0)
"""Which favour long texts."""
PLACES = np.indices((8, 8, 3))
NOISE = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3))
PICTURES = np.stack([*NOISE, *(255 * (PLACES > 3))[:2], *(36 * PLACES)[:2]]).astype("uint8")
"""Noise, halves, and what runs from one into another."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    file = tmp_path_factory.mktemp("captions") / "f.npz"
    small_files.write_pictures(file)
    source = make(Source, {"kind": "captioned_images", "path": str(file)})
    return Corpus(source.train(), make(Tokenizer, "bytes"))


def batching(**options):
    sizes = {"height": 8, "width": 8, "batch_size": 4, "sequence_length": 12}
    return make(Batching, {"kind": "captions", **sizes, **options}, seed=3)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that was never trained, with weights that tell pictures apart."""
    run = tmp_path_factory.mktemp("runs") / "caption_emoji"
    run.mkdir()
    decoder, large = "model.decoder", "initializer_range"
    wide = [f"{decoder}.{large}=0.5", f"{decoder}.blocks.cross_attention.{large}=2.0"]
    long = f"evaluation.search.length_penalty={BEAMS.length_penalty}"
    recipe = zoo.load_recipe("caption_emoji", [*wide, long], tiny=True)
    (run / "recipe.yaml").write_text(recipe.to_yaml())
    checkpoints.save_best(run, zoo.build(recipe), step=0)
    return run


def test_a_caption_is_told_letter_by_letter_up_to_its_end(corpus):
    batch, end = batching().evaluation(corpus, 0), corpus.end_token_id
    dark, bright = ([*np.frombuffer(text, "uint8")] for text in (b"a dark one", b"a bright one"))
    assert batch.targets[:2].tolist() == [[*dark, end, end], bright]
    assert batch.inputs["token_ids"][:2].tolist() == [[end, *dark, end], [end, *bright[:-1]]]
    assert batch.weights[:2].sum(axis=1).tolist() == [11, 12]
    assert batch.weights[0].tolist() == [1] * 11 + [0]
    images = batch.inputs["encoder_images"]
    np.testing.assert_array_equal(
        images.ravel(), np.concatenate([t[:192] for t in corpus.tokens[:4]])
    )
    cut = batching(sequence_length=3).evaluation(corpus, 0)
    assert cut.targets[0].tolist() == dark[:3]
    last = batching(batch_size=60).evaluation(corpus, 1)
    assert last.weights[4:].sum() == 0


def test_other_tokenizers_do_not_read_pictures(corpus):
    other = Corpus([], make(Tokenizer, {"kind": "pixels"}))
    said = refused(batching().written, other, [b"a"])
    says(said, "found the tokenizer 'pixels', expected bytes: so pictures are read")
    written = zoo.load_recipe("caption_emoji", tiny=True).tree["model"]
    shared = {k: v for k, v in written.items() if k != "task"} | {"share_embeddings": True}
    said = refused(make, Backbone, shared, vocabulary_size=257)
    says(said, "share_embeddings: found true, but conv_attention reads no tokens")


def test_what_is_written_looks_at_the_picture_and_is_the_likeliest(run, tmp_path):
    file, task = tmp_path / "a.png", zoo.load(run)
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype("uint8")
    save(image, file)
    found = b"".join(zoo.generate(run, "so ", 6, picture=file, temperature=0))
    written = [256, *b"so "]
    images = image[None].astype("float32")
    for _ in range(6):
        logits = task({"encoder_images": images, "token_ids": np.array([written])})
        written.append(int(ops.argmax(logits[0, -1])))
        if written[-1] == 256:
            break
    assert bytes(token for token in written[4:] if token != 256) == found
    ids = np.array([written[:4]])
    scores = [
        np.array(task({"encoder_images": x, "token_ids": ids})) for x in (images, 255 - images)
    ]
    assert np.abs(scores[0] - scores[1]).max() > 1e-3
    says(refused(zoo.generate, run, ""), "says what is to be seen: name a file with --picture")


def test_captions_are_measured_as_translations_are(run, tmp_path):
    """The likeliest of two beams of each held-out picture, beside its name, in the run."""
    small_files.write_pictures(tmp_path / "f.npz", number=len(PICTURES))
    np.savez(tmp_path / "f.npz", images=PICTURES)
    told = [f"data.source.{option}={tmp_path / 'f.npz'}" for option in ("path", "validation_path")]
    found = zoo.evaluate(run, told)
    answers = [json.loads(line) for line in (run / "answers.jsonl").read_text().splitlines()]
    held_out = build.held_out(resolve(run, told))
    assert [one["document"] for one in answers] == [one.name for one in held_out]
    assert {one["expected"] for one in answers} == {"a dark one", "a bright one"}
    texts = [[one[key] for one in answers] for key in ("written", "expected")]
    for metric in ("bleu", "chrf"):
        assert found[metric] == make(Metric, metric).score(*texts)[metric]
    told = {"encoder_images": PICTURES.astype("float32")}
    best = BeamWriter(zoo.load(run)).best(np.full((len(PICTURES), 1), 256), BEAMS, told)
    assert texts[0] == [bytes(one.tolist()).decode(errors="replace") for one in best]
    assert len(set(texts[0])) > 1


def test_a_graph_says_of_a_picture_what_its_beams_find(run, tmp_path):
    """Asked with files, and with pixels."""
    recipe = resolve(run)
    parts = build.tokenizer(recipe), build.batching(recipe), build.evaluation(recipe).search
    model = Served(zoo.load(run), *parts)
    usual = by_default(model)
    assert [make(Signature, one).unasked(model) for one in usual] == [""]
    functions = endpoints(model, suited(model, signatures("seq2seq_lm", Export(signatures=usual))))
    assert functions.keys() == {"serving_default", "caption", "caption_pixels"}
    files = [tf.io.encode_png(one) for one in PICTURES]
    told = {"encoder_images": PICTURES.astype("float32")}
    best = BeamWriter(model.task).best(np.full((len(PICTURES), 1), 256), BEAMS, told)
    for found in (functions["caption"](tf.stack(files)), functions["caption_pixels"](PICTURES)):
        assert found["text"].numpy().tolist() == [bytes(one.tolist()) for one in best]
    found = suited(model, signatures("seq2seq_lm", Export(signatures=["tokenize"])))
    says(refused(endpoints, model, found), "tokenize: found a model of pictures", "it reads none")
