"""Requests that are answered together get what each would get alone."""

import asyncio
import threading
import time

import foreign
import numpy as np
import pytest
import tensorflow as tf
from examples import causal_lm, gpt
from foreign import texts
from grpc import StatusCode

from zoo.recipe.sections import Export
from zoo.serving.export import endpoints, signatures
from zoo.serving.server.batching import Batcher
from zoo.serving.server.joined import bucket, join, num_rows, split
from zoo.serving.server.refused import Refused
from zoo.serving.server.servable import load
from zoo.serving.server.signature import Signature
from zoo.serving.signatures import Served
from zoo.tokenizers.bytes import Bytes


@pytest.fixture(scope="module")
def servable(tmp_path_factory):
    return load("numbers", 1, foreign.save(tmp_path_factory.mktemp("saved") / "1", weight=2.0))


class Gate:
    """Holds every call of a signature until it is opened, and keeps how it was called."""

    def __init__(self, monkeypatch):
        self.opened, self.entered, self.calls = threading.Event(), threading.Event(), []
        run = Signature.run

        def held(signature, inputs):
            self.calls.append(inputs)
            self.entered.set()
            assert self.opened.wait(20)
            return run(signature, inputs)

        monkeypatch.setattr(Signature, "run", held)

    async def began(self):
        """Some call has begun."""
        await asyncio.to_thread(self.entered.wait, 20)

    @property
    def sizes(self):
        return [len(next(iter(inputs.values()))) for inputs in self.calls]


@pytest.fixture
def gate(monkeypatch):
    return Gate(monkeypatch)


async def answer(batcher, servable, inputs, signature="", deadline=None):
    """The first output, or the code that it was refused with."""
    try:
        outputs = await batcher.run(servable, signature, inputs, deadline)
    except Refused as wrong:
        return wrong.code
    return next(iter(outputs.values())).tolist()


async def together(gate, batcher, servable, requests, signature=""):
    """The answers to requests that arrive while the first is being answered."""
    first = asyncio.create_task(answer(batcher, servable, requests[0], signature))
    await gate.began()
    rest = [asyncio.create_task(answer(batcher, servable, one, signature)) for one in requests[1:]]
    await asyncio.sleep(0.05)
    gate.opened.set()
    return await asyncio.gather(first, *rest)


def test_requests_that_wait_are_run_together_and_answered_apart(servable, gate):
    requests = [{"text": texts(*"12345"[:n])} for n in (1, 2, 1, 3, 2)]
    batcher = Batcher(max_batch_size=6, threads=1)
    found = asyncio.run(together(gate, batcher, servable, requests))
    assert found == [[2.0], [2.0, 4.0], [2.0], [2.0, 4.0, 6.0], [2.0, 4.0]]
    assert gate.sizes == [1, 6, 2]


def test_one_alone_does_not_wait_for_company(servable):
    async def ask():
        start = time.perf_counter()
        await answer(batcher, servable, {"text": texts("1")})
        return time.perf_counter() - start

    batcher = Batcher(timeout=5.0)
    assert asyncio.run(ask()) < 2.5


def test_company_is_awaited_while_another_runs(servable, gate):
    async def ask():
        first = asyncio.create_task(answer(batcher, servable, {"text": texts("1")}))
        await gate.began()
        rest = []
        for _ in range(3):
            rest.append(asyncio.create_task(answer(batcher, servable, {"text": texts("2")})))
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.4)
        begun = gate.sizes
        gate.opened.set()
        return begun, await asyncio.gather(first, *rest)

    batcher = Batcher(threads=2, timeout=0.2)
    assert asyncio.run(ask()) == ([1, 3], [[2.0], [4.0], [4.0], [4.0]])


def test_a_bad_request_spoils_only_its_own_answer(servable, gate):
    requests = [{"text": texts(text)} for text in ("1", "2", "x", "4")]
    found = asyncio.run(together(gate, Batcher(threads=1), servable, requests))
    assert found == [[2.0], [4.0], StatusCode.INVALID_ARGUMENT, [8.0]]
    assert gate.sizes == [1, 3, 1, 1, 1]


def test_long_texts_do_not_hold_up_short_ones(servable, gate):
    requests = [{"text": texts(text)} for text in ("1", "2", "0" * 40 + "3", "4", "0" * 50 + "5")]
    found = asyncio.run(together(gate, Batcher(threads=1), servable, requests))
    assert found == [[2.0], [4.0], [6.0], [8.0], [10.0]]
    assert gate.sizes == [1, 2, 2]


def test_one_option_for_all_rows_is_repeated_for_each(servable, gate):
    requests = [
        {"text": texts(*"12"), "temperature": np.array(values, "float32")}
        for values in ([3.0], [1.0, 2.0], [0.5])
    ]
    found = asyncio.run(together(gate, Batcher(threads=1), servable, requests, "warm"))
    assert found == [[3.0, 6.0], [1.0, 4.0], [0.5, 1.0]]
    assert gate.sizes == [2, 4]


def test_memories_and_padded_rows_are_never_joined(servable, gate):
    counts = [{"text": texts("abc"), "memory_count": np.array([n], "int32")} for n in (1, 2, 3)]
    found = asyncio.run(together(gate, Batcher(threads=1), servable, counts, "count"))
    assert found == [[4], [5], [6]]
    assert gate.sizes == [1, 1, 1]
    padded = [{"text": texts(text)} for text in ("", "ab", "abc")]
    found = asyncio.run(together(gate, Batcher(threads=1), servable, padded, "padded"))
    assert found == [[[]], [[97, 98]], [[97, 98, 99]]]


def test_a_full_queue_refuses(servable, gate):
    requests = [{"text": texts("1")}] * 6
    found = asyncio.run(together(gate, Batcher(max_enqueued=3, threads=1), servable, requests))
    assert found == [[2.0]] * 4 + [StatusCode.RESOURCE_EXHAUSTED] * 2


def test_a_busy_signature_holds_up_no_other(servable, gate):
    async def ask():
        busy = asyncio.create_task(answer(batcher, servable, {"text": texts("1")}))
        await gate.began()
        gate.entered.clear()
        x = {"x": np.ones((1, 2), "float32")}
        other = asyncio.create_task(answer(batcher, servable, x, "halve"))
        await gate.began()
        began = gate.entered.is_set()
        gate.opened.set()
        await asyncio.gather(busy, other)
        return began

    batcher = Batcher(threads=1, max_enqueued=1)
    assert asyncio.run(ask())


def test_what_is_late_is_answered_so_and_not_run(servable, gate):
    async def ask():
        first = asyncio.create_task(answer(batcher, servable, {"text": texts("1")}))
        await gate.began()
        soon = asyncio.get_running_loop().time() + 0.05
        late = await answer(batcher, servable, {"text": texts("2")}, deadline=soon)
        later = await answer(batcher, servable, {"text": texts("3")}, deadline=soon)
        gate.opened.set()
        return [late, later, await first, batcher.enqueued()]

    batcher = Batcher(threads=1)
    late, later, first, waiting = asyncio.run(ask())
    assert late == later == StatusCode.DEADLINE_EXCEEDED
    assert first == [2.0]
    assert gate.sizes == [1]
    assert set(waiting.values()) == {0}


def test_a_caller_that_leaves_is_taken_out(servable, gate):
    async def ask():
        first = asyncio.create_task(answer(batcher, servable, {"text": texts("1")}))
        await gate.began()
        second = asyncio.create_task(answer(batcher, servable, {"text": texts("2")}))
        third = asyncio.create_task(answer(batcher, servable, {"text": texts("3")}))
        await asyncio.sleep(0.02)
        waited = sum(batcher.enqueued().values())
        second.cancel()
        await asyncio.sleep(0.02)
        left = sum(batcher.enqueued().values())
        first.cancel()
        gate.opened.set()
        return waited, left, await third

    batcher = Batcher(threads=1)
    assert asyncio.run(ask()) == (2, 1, [6.0])
    assert [inputs["text"].tolist() for inputs in gate.calls] == [[b"1"], [b"3"]]


def test_wrong_inputs_never_wait(servable, gate):
    async def ask():
        return await answer(Batcher(), servable, {"text": np.ones(1, "float32")})

    assert asyncio.run(ask()) == StatusCode.INVALID_ARGUMENT


def test_two_versions_are_never_mixed(servable, tmp_path, gate):
    other = load("numbers", 2, foreign.save(tmp_path / "2", weight=3.0))

    async def ask():
        asked = [asyncio.create_task(answer(batcher, servable, one_text))]
        await gate.began()
        for one in (servable, other, other):
            asked.append(asyncio.create_task(answer(batcher, one, one_text)))
        await asyncio.sleep(0.02)
        gate.opened.set()
        return await asyncio.gather(*asked)

    batcher, one_text = Batcher(threads=1), {"text": texts("1")}
    assert asyncio.run(ask()) == [[2.0], [2.0], [3.0], [3.0]]


def test_many_clients_at_once_get_their_own_answers(servable, gate):
    async def ask():
        numbers = [f"{n}.5" for n in range(100, 300)]
        batcher = Batcher()
        found = await asyncio.gather(
            *(answer(batcher, servable, {"text": texts(number)}) for number in numbers)
        )
        return numbers, found

    gate.opened.set()
    numbers, found = asyncio.run(ask())
    assert found == [[2 * float(number)] for number in numbers]
    assert len(gate.calls) < 20


def test_rows_that_do_not_agree_are_no_rows():
    two, three, one = (np.zeros(n) for n in (2, 3, 1))
    assert num_rows({"a": two, "b": one}) == 2
    assert num_rows({"a": two, "b": three}) is None
    assert num_rows({"a": np.zeros(0), "b": one}) is None
    assert num_rows({"a": one}) == 1


def test_what_is_joined_has_the_same_shapes_behind_the_rows():
    assert bucket({"x": np.zeros((2, 3))}) == bucket({"x": np.zeros((5, 3))})
    assert bucket({"x": np.zeros((2, 3))}) != bucket({"x": np.zeros((2, 4))})
    assert bucket({"x": texts("abc", "a")}) == bucket({"x": texts("ab")})
    assert bucket({"x": texts("abcd")}) != bucket({"x": texts("abc")})
    new, temperature = ({name: np.array([1])} for name in ("max_new_tokens", "temperature"))
    assert bucket(new) != bucket({"max_new_tokens": np.array([100])})
    assert bucket(temperature) == bucket({"temperature": np.array([100])})


def test_answers_that_are_no_rows_are_refused():
    joined = join([{"x": np.arange(2)}, {"x": np.arange(3)}])
    assert [part["x"].tolist() for part in split(joined, [2, 3])] == [[0, 1], [0, 1, 2]]
    with pytest.raises(Refused, match="another number of rows"):
        split(joined, [2, 2])


def test_texts_written_together_are_those_written_alone(tmp_path):
    """Of a language model of the zoo, each row with options and a seed of its own."""
    model = Served(causal_lm(gpt(max_sequence_length=32), vocabulary_size=257), Bytes())
    root = tf.Module()
    root.weights = [variable.value for variable in model.task.variables]
    wanted = signatures("causal_lm", Export(signatures=["generate"]))
    tf.saved_model.save(root, str(tmp_path / "1"), endpoints(model, wanted))
    generate = load("gpt", 1, tmp_path / "1").find("generate")
    assert generate.batched
    requests = [
        asked(["def "], 5, 0.9, 3),
        asked(["a", "import"], 12, 1.3, 3),
        asked([""], 9, 0, 7),
    ]
    together = split(generate.run(join(requests)), [1, 2, 1])
    for request, found in zip(requests, together):
        alone = generate.run(request)
        assert found["text"].tolist() == alone["text"].tolist()
        np.testing.assert_allclose(found["log_likelihood"], alone["log_likelihood"], rtol=1e-5)


def asked(rows, new, temperature, seed):
    options = {"max_new_tokens": new, "top_k": 0, "seed": seed}
    numbers = {"temperature": temperature, "top_p": 1}
    return {
        "text": texts(*rows),
        **{name: np.array([value], "int32") for name, value in options.items()},
        **{name: np.array([value], "float32") for name, value in numbers.items()},
    }
