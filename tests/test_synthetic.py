"""Drawn texts: what is asked can be answered from what is read, and only answers are counted."""

import re
from collections import Counter
from itertools import islice

import numpy as np
import pytest
import theories
from numpy.polynomial import Polynomial

from zoo.core.errors import ZooError
from zoo.core.kinds import find, kinds, make
from zoo.data.batching.documents import Documents
from zoo.data.corpus import Corpus
from zoo.data.sources import Document, Source
from zoo.data.sources.list_ops import OPERATIONS, ListOps, applied
from zoo.tokenizers.bytes import Bytes

SOURCES = {
    "ancestors": {"min_nodes": 4, "max_nodes": 7, "max_depth": 3},
    "associative_recall": {"num_pairs": 4, "num_queries": 3, "num_keys": 9, "num_values": 5},
    "copy": {"word_length": 6, "min_word_length": 2, "num_symbols": 4},
    "duplication": {"word_length": 6, "min_word_length": 2, "num_symbols": 4},
    "either_way": {"word_length": 6, "min_word_length": 2, "num_symbols": 4},
    "list_ops": {"max_depth": 4, "max_args": 5, "min_length": 4, "max_length": 40},
    "needle": {"length": 150, "num_needles": 3, "value_length": 2},
    "reverse": {"word_length": 6, "min_word_length": 2, "num_symbols": 4},
    "rule_taker": {"max_depth": 2, "num_rules": 6},
    "shapes": {"image_size": 12, "min_size": 4, "max_size": 8},
}
READ = [kind for kind in SOURCES if kind not in ("ancestors", "either_way", "shapes")]
"""Those whose text alone tells the answer; tests/test_objects.py looks at the pictures, and
tests/test_graph_data.py at the trees."""


def source(kind, **options):
    sizes = {"num_documents": 60, "num_validation_documents": 20}
    return make(Source, {"kind": kind, **SOURCES[kind], **sizes, **options})


def texts(documents):
    return [document.data.tobytes() for document in documents]


def asked(document):
    """What is given before each answer, and the answer."""
    text = document.data.tobytes()
    return [(text[:start], text[start:stop]) for start, stop in document.answers]


def known(kind, given):
    """The answer, found in another way: by whoever reads the text."""
    words = given.split(b"\0")
    if kind == "associative_recall":
        pairs = dict(zip(words[0][::2], words[0][1::2]))
        return bytes([pairs[given[-1]]])
    if kind == "list_ops":
        return b"%d" % value(given)
    if kind == "needle":
        key = given.rpartition(b"\n")[2].removesuffix(b"? ")
        (found,) = re.findall(rb"^%s: (\d+)$" % key, given, re.MULTILINE)
        return found
    if kind == "rule_taker":
        return theories.answer(given.decode())
    return words[-2][::-1] if kind == "reverse" else words[-2]


def symbols(expression):
    return expression.decode().rstrip("=").split()


def value(expression):
    """Read from the left, with what is open on a stack."""
    found = [[]]
    for symbol in symbols(expression):
        if symbol == "]":
            name, *digits = found.pop()
            median = int(np.median(digits))
            values = {"[MIN": min(digits), "[MAX": max(digits), "[MED": median}
            found[-1].append(values.get(name, sum(digits) % 10))
        elif symbol.startswith("["):
            found.append([symbol])
        else:
            found[-1].append(int(symbol))
    ((answer,),) = found
    return answer


@pytest.mark.parametrize("kind", READ)
def test_what_is_asked_can_be_answered_from_what_is_read(kind):
    for document in source(kind).train():
        assert document.answers
        for given, answer in asked(document):
            assert answer == known(kind, given)
        assert document.answers[-1][1] == document.data.size


@pytest.mark.parametrize("kind", SOURCES)
def test_a_seed_repeats_and_no_document_is_held_out_and_trained_on(kind):
    one, again, other = source(kind), source(kind), source(kind, seed=1)
    trained, held = texts(one.train()), texts(one.validation())
    assert (len(trained), len(held)) == (60, 20)
    assert len({*trained, *held}) == 80
    assert (texts(again.train()), texts(again.validation())) == (trained, held)
    assert texts(other.validation()) != held
    more = source(kind, num_documents=70)
    assert texts(more.validation()) == held
    assert texts(more.train())[:60] == trained


def test_every_synthetic_source_is_tested():
    drawn = [kind for kind in kinds("data/sources") if hasattr(find("data/sources", kind), "draw")]
    assert drawn == sorted(SOURCES)


def test_either_way_is_drawn_as_often_as_the_other():
    ways = []
    for document in source("either_way", word_length=9, num_documents=1000).train():
        ((given, answer),) = asked(document)
        word = given.removesuffix(b"\0")
        assert answer in (word, word[::-1])
        ways += [answer == word] if word != word[::-1] else []
    assert 0.45 < np.mean(ways) < 0.55


@pytest.mark.parametrize("kind", ["copy", "either_way", "reverse", "duplication"])
def test_words_have_all_lengths_and_symbols_they_may_have(kind):
    answers = [answer for document in source(kind).train() for _, answer in asked(document)]
    assert {len(answer) for answer in answers} == {2, 3, 4, 5, 6}
    assert set(b"".join(answers)) == {1, 2, 3, 4}
    fixed = source(kind, min_word_length=None).train()
    assert {len(answer) for document in fixed for _, answer in asked(document)} == {6}


def test_recall_asks_for_different_keys_in_any_order():
    orders = set()
    for document in source("associative_recall").train():
        keys = document.data[:8:2].tolist()
        queries = document.data[9::2].tolist()
        assert len(set(keys)) == 4
        assert len(set(queries)) == 3
        orders.add(tuple(keys.index(key) for key in queries))
    assert len(orders) > 12
    few = source("associative_recall", min_num_pairs=1, num_queries=2).train()
    assert {len(document.answers) for document in few} == {1, 2}
    assert {document.data.size for document in few} == {5, 9, 11, 13}


def test_a_needle_lies_as_deep_as_is_asked_in_texts_of_one_length():
    for depth in (0.0, 0.5, 0.9):
        for document in source("needle", length=2000, depth=depth, num_needles=1).train():
            text = document.data.tobytes()
            assert len(text) == 2000
            assert abs(text.index(b": ") / 2000 - depth) < 0.02
    drawn = [t.index(b": ") for t in texts(source("needle", length=2000, num_needles=1).train())]
    assert min(drawn) < 400
    assert max(drawn) > 1600


@pytest.mark.parametrize(
    ("name", "digits", "wanted"),
    [("SM", [4, 9, 5], 8), ("MAX", [2, 9], 9), ("MED", [1, 4, 8, 9], 6), ("MED", [1, 4, 7, 9], 5)],
)
def test_the_documented_operations(name, digits, wanted):
    operation, args = np.array([OPERATIONS.index(name)]), np.array([len(digits)])
    assert applied(operation, args, np.array(digits)).tolist() == [wanted]
    assert value(b"[%s %s ]" % (name.encode(), " ".join(map(str, digits)).encode())) == wanted
    assert value(b"[SM 4 [MAX 2 9 ] 5 ]") == 8


def test_the_expressions_of_the_arena():
    """Lengths between 500 and 2,000, all operations, lists of 2 to 10; all ten labels, the largest
    class the 17 % that answering always alike is right for."""
    made = ListOps(num_documents=1000, num_validation_documents=1)
    examples = list(islice(made.examples(np.random.default_rng(0)), 1000))
    lengths = [len(symbols(text)) for text, _ in examples]
    assert min(lengths) > 500
    assert max(lengths) < 2000
    assert max(lengths) > 1500
    for text, label in examples[:100]:
        assert label == value(text)
    joined = b" ".join(text for text, _ in examples)
    assert set(re.findall(rb"\[(\w+)", joined)) == {b"MIN", b"MAX", b"MED", b"SM"}
    inner = re.findall(rb"\[\w+ ((?:\d )+)\]", joined)
    assert {len(digits.split()) for digits in inner} == set(range(2, 11))
    share = Counter(label for _, label in examples)
    assert set(share) == set(range(10))
    assert 0.14 < share.most_common(1)[0][1] / 1000 < 0.21


def test_an_operation_stands_at_a_quarter_of_the_nodes_above_the_last_depth():
    levels = ListOps(max_depth=3, min_length=1, max_length=10_000)._grow(np.random.default_rng(0))
    assert [(level.args > 0).any() for level in levels] == [True, True, False]
    inner = (levels[1].args > 0).mean()
    assert inner == pytest.approx(0.25, abs=0.04)


def test_lengths_are_as_likely_as_the_recursion_says():
    """A node is a digit, of length 1, or the two ends of an operation around its nodes."""
    digit = Polynomial([0, 1])
    chance = digit
    for _ in range(3):
        lists = sum(chance**args for args in (2, 3, 4)) / 3
        chance = 0.75 * digit + 0.25 * digit**2 * lists
    wanted = chance.coef[4:20] / chance.coef[4:20].sum()
    made = ListOps(max_depth=4, max_args=4, min_length=3, max_length=20)
    examples = islice(made.examples(np.random.default_rng(0)), 20_000)
    found = Counter(len(symbols(text)) for text, _ in examples)
    shares = [found[length] / 20_000 for length in range(4, 20)]
    np.testing.assert_allclose(shares, wanted, atol=0.008)


@pytest.mark.parametrize(
    ("kind", "options", "wanted"),
    [
        ("copy", {"num_symbols": 300}, "num_symbols 300 must be at most 255"),
        ("copy", {"min_word_length": 7}, "min_word_length 7 must be at most word_length 6"),
        ("associative_recall", {"min_num_pairs": 5}, "min_num_pairs 5 must be at most num_pairs 4"),
        ("associative_recall", {"num_pairs": 10}, "num_pairs 10 must be at most num_keys 9"),
        ("associative_recall", {"num_queries": 5}, "num_queries 5 must be at most num_pairs 4"),
        ("associative_recall", {"num_values": 250}, "must be at most 255 together"),
        ("needle", {"length": 55}, "length 55 must be above 55"),
        ("list_ops", {"max_args": 1}, "max_args 1 must be at least 2"),
        ("list_ops", {"max_depth": 2, "min_length": 7}, "min_length 7 must be below 7"),
    ],
)
def test_impossible_options_are_refused(kind, options, wanted):
    with pytest.raises(ZooError, match=wanted):
        source(kind, **options)


def test_documents_and_lengths_that_do_not_exist_are_told():
    with pytest.raises(ZooError, match="found 4 different documents and no more, expected 80"):
        source("copy", word_length=1, min_word_length=1).train()
    with pytest.raises(ZooError, match="no expression longer than 120 and shorter than 130"):
        source("list_ops", max_depth=3, max_args=10, min_length=120, max_length=130).train()


def corpus(*documents):
    made = [Document(f"d{n}", np.frombuffer(t, "uint8"), a) for n, (t, a) in enumerate(documents)]
    return Corpus(made, Bytes())


QUESTIONS = corpus((b"ab=c", ((3, 4),)), (b"k1l2?l2k1", ((6, 7), (8, 9))))


def test_only_answers_are_counted():
    batch = Documents(8, 3, counted="answers").evaluation(QUESTIONS, 0)
    assert batch.weights.tolist() == [
        [0, 0, 1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 1, 0, 1],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ]
    assert bytes(batch.targets[batch.weights > 0].astype("uint8")) == b"c21"
    everything = Documents(8, 2).evaluation(QUESTIONS, 0)
    assert everything.weights.tolist() == [[1, 1, 1, 1, 0, 0, 0, 0], [1] * 8]


def test_answers_that_are_missing_or_beyond_a_row_are_told_before_training():
    unanswered = corpus((b"ab=c", ((3, 4),)), (b"abc", ()))
    with pytest.raises(ZooError, match="counted: found no answer in d1"):
        Documents(8, 1, counted="answers").evaluation(unanswered, 0)
    with pytest.raises(ZooError, match=r"sequence_length: found 7, expected at least 8.* d1 lies"):
        Documents(7, 1, counted="answers").evaluation(QUESTIONS, 0)


class Pairs(Bytes):
    """A tokenizer of two bytes a token, and one for what is left."""

    def read_all(self, documents):
        return [document[::2] for document in documents]


def test_an_answer_begins_a_token_of_its_own_whatever_the_tokenizer():
    documents = [Document("d", np.frombuffer(b"abcDEFgH", "uint8"), ((3, 6), (7, 8)))]
    text = Corpus(documents, Pairs())
    assert bytes(text.tokens[0]) == b"acDFgH"
    assert [bytes(text.tokens[0][first:last]) for first, last in text.answers[0]] == [b"DF", b"H"]
