"""The positions of voices on a grid: by definition, under every kernel, and token by token."""

import numpy as np
import pytest
from examples import KERNELS, TOLD, attention, attention_layer, causal_lm, transformer
from gradients import gradients, near
from keras import ops
from scores import BATCH, HEADS, SIZE, aligned, numpy, prepared, score

NODE = TOLD["relative_pitch_time"]
VOICES, STEPS, DISTANCE = NODE["num_voices"], NODE["max_steps"], NODE["max_distance"]


def tokens(draw, length):
    """Notes of a narrow range, some silence, and an end token before them."""
    ids = draw.integers(58, 66, (BATCH, length))
    ids[draw.random(ids.shape) < 0.2] = 128
    ids[:, 0] = 129
    return ids.astype("int32")


def told(places, ids):
    mark = ops.convert_to_tensor(ids)
    return places._replace(marks={"token_ids": (mark[:, -len(places.query) :], mark)})


@pytest.mark.parametrize("start", [None, [0, 7]])
def test_scores_are_those_of_distances_steps_and_semitones(draw, start):
    position, ids = prepared(NODE), tokens(draw, 13)
    shift = None if start is None else ops.convert_to_tensor(np.array(start, "int32"))
    places = told(aligned(6, 13, shift), ids)
    query = draw.normal(size=(BATCH, HEADS, 6, SIZE)).astype("float32")
    found = score(position, query, places, causal=True)
    tables = [numpy(x) for x in (position.vectors[0], position.steps, position.semitones)]
    for b, h, q, k in np.ndindex(BATCH, HEADS, 6, 13):
        here, before = q + 7, start[b] if start else 0
        if k > here:
            continue
        steps = (here + before - 1) // VOICES - (k + before - 1) // VOICES
        vector = np.zeros(SIZE)
        if here - k < DISTANCE:
            vector += tables[0][h, DISTANCE - 1 - (here - k)]
        if steps < STEPS:
            vector += tables[1][steps]
        if max(ids[b, here], ids[b, k]) < 128:
            vector += tables[2][ids[b, k] - ids[b, here] + 127]
        np.testing.assert_allclose(found[b, h, q, k], query[b, h, q] @ vector, atol=1e-5)


def layer(kernel=None):
    return attention_layer(position=NODE, kernel=kernel)


@pytest.mark.parametrize("kernel", sorted(set(KERNELS) - {"dense"}))
def test_every_kernel_answers_like_dense_and_learns_alike(kernel, draw):
    plain, quick = layer({"kind": "dense"}), layer(KERNELS[kernel])
    quick.set_weights(plain.get_weights())
    x, ids = draw.normal(size=(BATCH, 11, 16)).astype("float32"), tokens(draw, 11)

    def answer(one):
        loss = lambda x, ids: ops.mean(one(x, marks={"token_ids": ids})[0] ** 2)  # noqa: E731
        return gradients(loss, one, ops.convert_to_tensor(x), ops.convert_to_tensor(ids))

    for wanted, other in zip(answer(plain), answer(quick)):
        near(other, wanted)
        assert np.abs(wanted).max() > 0


@pytest.fixture(scope="module")
def model():
    return causal_lm(
        transformer(attention=attention(position=NODE), final_norm=True), vocabulary_size=131
    )


def test_one_token_at_a_time_and_in_segments_equals_all_at_once(model, draw):
    ids = tokens(draw, 12)
    whole, _ = model.run({"token_ids": ids})
    for cut in (1, 5):
        state, parts = model.initial_state(BATCH, 16), []
        for first in range(0, 12, cut):
            part, state = model.run({"token_ids": ids[:, first : first + cut]}, state)
            parts.append(numpy(part))
        np.testing.assert_allclose(np.concatenate(parts, 1), numpy(whole), atol=1e-4)


def test_what_is_sung_matters_beyond_what_is_embedded(draw):
    """The same text, and other pitches told: other answers."""
    one, ids = layer(), tokens(draw, 8)
    x = draw.normal(size=(BATCH, 8, 16)).astype("float32")
    same = numpy(one(x, marks={"token_ids": ids + (ids < 128)})[0])
    told_ids = ids, ids[:, ::-1].copy()
    plain, other = (numpy(one(x, marks={"token_ids": n})[0]) for n in told_ids)
    np.testing.assert_allclose(plain, same, atol=1e-6)  # all a semitone higher: nothing changes
    assert np.abs(plain - other).max() > 1e-3


def test_attention_that_is_not_told_the_tokens_says_so(draw):
    with pytest.raises(ValueError, match="attention asks for marks token_ids of each token"):
        layer()(draw.normal(size=(BATCH, 8, 16)))
    recurrent = attention_layer("segment_recurrent", position=NODE)
    state = recurrent.initial_state(BATCH, 4)
    x = draw.normal(size=(BATCH, 8, 16)).astype("float32")
    with pytest.raises(ValueError, match=r"marks \(token_ids\) are not remembered"):
        recurrent(x, state=state, marks={"token_ids": tokens(draw, 8)})
