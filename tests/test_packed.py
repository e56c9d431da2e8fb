"""Several documents a row: all of them are there, and none sees another."""

import numpy as np
import pytest
from examples import attention, causal_lm, transformer

from zoo.data.batching.packed import Packed, pack
from zoo.data.corpus import Corpus
from zoo.data.sources import Document
from zoo.tokenizers.bytes import Bytes

END = 256


@pytest.fixture
def corpus(draw):
    sizes = [3, 9, 1, 25, 4, 7, 2, 12]
    texts = [draw.integers(97, 123, size).astype("uint8") for size in sizes]
    return Corpus([Document(str(n), text) for n, text in enumerate(texts)], Bytes())


def texts(batch):
    """The documents of a batch, read off inputs and targets."""
    found = []
    for ids, targets, numbers in zip(batch.inputs["token_ids"], batch.targets, documents(batch)):
        for number in range(1, numbers.max() + 1):
            found.append((ids[numbers == number].tolist(), targets[numbers == number].tolist()))
    return found


def documents(batch):
    return batch.inputs["document_ids"]


def test_every_token_is_predicted_once_behind_the_one_before_it(corpus):
    batching, found = Packed(12, 2), []
    for place in range(batching.evaluation_batches(corpus)):
        batch = batching.evaluation(corpus, place)
        np.testing.assert_array_equal(batch.weights > 0, documents(batch) > 0)
        np.testing.assert_array_equal(batch.inputs["padding_mask"], documents(batch) > 0)
        found += texts(batch)
    assert sum(len(targets) for _, targets in found) == len(corpus)
    whole = [END, *corpus.read(0, len(corpus)).tolist()]
    for ids, targets in found:
        line = [ids[0], *targets]
        assert ids == line[:-1]
        assert any(whole[n : n + len(line)] == line for n in range(len(whole)))


def test_rows_are_nearly_full(draw):
    starts = np.concatenate([[0], np.cumsum(draw.integers(2, 40, 5000))])
    rows = pack(starts, 64)
    assert sum(size for row in rows for _, size in row) == starts[-1]
    assert max(sum(size for _, size in row) for row in rows) <= 64
    assert starts[-1] / (64 * len(rows)) > 0.93


def test_every_pass_takes_every_row_once_in_a_new_order(corpus):
    batching = Packed(12, 1)
    number = batching.evaluation_batches(corpus)
    passes = [
        [texts(batching.batch(corpus, p * number + n))[0] for n in range(number)] for p in (0, 1)
    ]
    assert sorted(passes[0]) == sorted(passes[1])
    assert passes[0] != passes[1]


def test_a_packed_document_is_scored_as_if_it_were_alone(corpus):
    inside = attention(
        pattern={"kind": "both", "patterns": ["causal", "segments"]}, position="rotary"
    )
    model = causal_lm(transformer(attention=inside, final_norm=True), vocabulary_size=257)
    draw = np.random.default_rng(0)
    model.set_weights([draw.normal(0, 0.3, weight.shape) for weight in model.weights])
    batch = Packed(30, 3).evaluation(corpus, 0)
    logits = np.array(model(batch.inputs))
    seen = 0
    for row, numbers in enumerate(documents(batch)):
        for number in range(1, numbers.max() + 1):
            ids = batch.inputs["token_ids"][row, numbers == number][None]
            told = {"token_ids": ids, "document_ids": np.ones_like(ids)}
            np.testing.assert_allclose(model(told)[0], logits[row, numbers == number], atol=2e-5)
            seen = max(seen, number)
    assert seen > 1
