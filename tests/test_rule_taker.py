"""Theories and statements: proofs are those of a slow reader, and nothing but proofs answers."""

import re

import numpy as np
import pytest
import theories

from zoo.core.errors import ZooError
from zoo.data.sources.rule_taker import RuleTaker, Theories, proved, sentences


def asked(num_documents=60, **options):
    """The texts before the answers, and the answers."""
    documents = RuleTaker(
        num_documents=num_documents, num_validation_documents=1, **options
    ).train()
    parts = [one.parts() for one in documents]
    return [one[0].tobytes().decode() for one in parts], [one[1].tobytes() for one in parts]


@pytest.mark.parametrize("depth", range(6))
def test_answers_and_depths_are_those_of_backward_chaining_over_the_sentences(depth):
    texts, answers = asked(min_depth=depth, max_depth=depth)
    assert [theories.answer(text) for text in texts] == answers
    assert {theories.depth(text) for text in texts} == {depth}
    assert set(answers) == {b"true", b"false"}


def test_forward_chaining_finds_all_that_backward_chaining_finds_and_when():
    drawn = RuleTaker(num_rules=12, num_attributes=7, negation=0.5)
    many = drawn._theories(np.random.default_rng(0))
    found = proved(many)
    names, words = ["Anne", "Bob", "Cy"], [f"w{n}" for n in range(7)]
    for n in range(20):
        facts, rules = sentences(Theories(*(part[n] for part in many)), names, words)
        told = "\n".join([*facts, *rules, "Anne is w0?"])
        facts, rules, _ = theories.read(told)
        for entity, name in enumerate(names):
            for attribute, word in enumerate(words):
                for there in (0, 1):
                    at = found[there, n, entity, attribute]
                    which = facts, rules, name, word, bool(there)
                    assert theories.settled(*which, 12) == (at >= 0)
                    assert at < 1 or not theories.settled(*which, at - 1)


def test_every_depth_is_asked_as_often_and_theories_have_the_sizes_that_are_asked():
    texts, _ = asked(600, min_depth=1, max_depth=3, num_entities=2, num_facts=3, num_rules=9)
    depths = [theories.depth(text) for text in texts]
    assert np.bincount(depths)[1:] / 600 == pytest.approx([1 / 3] * 3, abs=0.06)
    for text in texts[:50]:
        facts, rules, _ = theories.read(text)
        named = [entity for entity, _ in facts]
        assert {named.count(entity) for entity in named} == {3}
        assert len(set(named)) == 2
        assert len(rules) == 9


def test_of_one_theory_many_statements_are_asked_none_twice():
    drawn = RuleTaker(num_statements=7, min_depth=1, num_documents=40, num_validation_documents=1)
    numbers = set()
    for document in drawn.train():
        parts = [part.tobytes().decode() for part in document.parts()]
        theory, first = parts[0].rstrip("\n").rsplit("\n", 1)
        statements, answers = [first, *parts[2:-1:2]], [part.encode() for part in parts[1::2]]
        alone = [f"{theory}\n{statement.strip()}\n" for statement in statements]
        assert [theories.answer(text) for text in alone] == answers
        assert {theories.depth(text) for text in alone} <= {1, 2, 3}
        assert len({one.replace(" not", "").strip() for one in statements}) == len(statements)
        numbers.add(len(statements))
    assert max(numbers) == 7


def test_what_is_told_follows_and_is_as_often_denied():
    drawn = RuleTaker(num_statements=7, told=True, num_documents=400, num_validation_documents=1)
    denied = []
    for document in drawn.train():
        parts = [part.tobytes().decode() for part in document.parts()]
        theory, first = parts[0].rsplit("\n", 1)
        subjects, said = [first, *(part.strip("\n") for part in parts[2::2])], parts[1::2]
        for subject, what in zip(subjects, said):
            asked = f"{theory}\n{subject}{what.rstrip('.')}?\n"
            assert theories.answer(asked) == b"true"
        denied += [what.startswith("not ") for what in said]
    assert np.mean(denied) == pytest.approx(0.5, abs=0.02)


def features(text):
    """What a reader counts who does not reason: words, and words of the statement in the text."""
    *told, statement = text.splitlines()
    entity, *denied, attribute = re.findall(r"\w+", statement.replace(" is", ""))
    sign = -1 if denied else 1
    words = re.findall(r"\w+", text.lower())
    ends = [line.rstrip(".").split()[-1] == attribute for line in told]
    overlap = [words.count(attribute), sum(ends), words.count(entity.lower()), words.count("not")]
    return [1, *overlap, sign, *(sign * one for one in overlap)], words


def test_neither_words_nor_their_overlap_with_the_statement_answer_it():
    """A linear classifier over both, fitted to 2,400 texts, is right for half of 1,200 others."""
    texts, answers = asked(3600, min_depth=1, max_depth=3)
    found = [features(text) for text in texts]
    vocabulary = sorted({word for _, words in found for word in words})
    counts = [[words.count(word) for word in vocabulary] for _, words in found]
    table = np.concatenate([[few for few, _ in found], counts], axis=1).astype(float)
    wanted = np.array([1.0 if one == b"true" else -1.0 for one in answers])
    assert abs(wanted.mean()) < 0.05
    weights = np.linalg.lstsq(table[:2400], wanted[:2400], rcond=1e-6)[0]
    assert 0.45 < np.mean((table[2400:] @ weights > 0) == (wanted[2400:] > 0)) < 0.55


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"min_depth": 4}, "min_depth 4 must be at most max_depth 3"),
        ({"num_entities": 1}, "num_entities 1 must be from 2 to 8"),
        ({"num_facts": 10}, "num_attributes 10 must be above num_facts 10 and at most 14"),
        ({"num_attributes": 15}, "and at most 14"),
    ],
)
def test_impossible_sizes_are_refused(options, wanted):
    with pytest.raises(ValueError, match=wanted):
        RuleTaker(**options)


def test_depths_that_no_theory_has_are_told():
    with pytest.raises(ZooError, match=r"max_depth: found none of .* all depths from 0 to 3"):
        RuleTaker(num_rules=2).train()


@pytest.mark.parametrize(
    ("denied", "least", "most"), [(0.0, 0, 0), (0.2, 60, 140), (1.0, 500, 500)]
)
def test_as_many_statements_say_not_as_is_wanted(denied, least, most):
    texts, answers = asked(500, denied=denied)
    assert least <= sum(" is not " in text.splitlines()[-1] for text in texts) <= most
    assert [theories.answer(text) for text in texts] == answers
    assert 200 < answers.count(b"true") < 300
