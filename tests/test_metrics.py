"""Metrics of written texts: against figures worked out by hand, and published examples."""

import math

import pytest
from bad_input import refused, says

from zoo.core.kinds import kinds, make
from zoo.metrics import Metric, library


def score(kind, written, expected, **options):
    return make(Metric, {"kind": kind, **options}).score(written, expected)


def test_bleu_is_the_mean_of_precisions_times_the_brevity_penalty():
    """7 of 8 words, 5 of 7 pairs, 3 of 6 threes and 1 of 5 fours are right; one word is missing."""
    written = ["the cat sat on a mat last night"]
    expected = ["the cat sat on the mat last night today"]
    precisions = 7 / 8 * 5 / 7 * 3 / 6 * 1 / 5
    wanted = 100 * precisions**0.25 * math.exp(1 - 9 / 8)
    assert score("bleu", written, expected)["bleu"] == pytest.approx(wanted)


def test_bleu_counts_all_texts_together_and_case_unless_told():
    assert score("bleu", ["A b c d", "x"], ["A b c d", "x"])["bleu"] == pytest.approx(100)
    assert score("bleu", ["a b c d e"], ["A B C D E"])["bleu"] == 0
    assert score("bleu", ["a b c d e"], ["A B C D E"], lowercase=True)["bleu"] == pytest.approx(100)


def test_rouge_counts_words_pairs_and_the_longest_sequence():
    """Of 5 and 4 words 3 are shared, of 4 and 3 pairs one, and `the meeting` … `late` in order."""
    found = score("rouge", ["the meeting ended very late"], ["the meeting was late"])
    assert found["rouge1"] == pytest.approx(100 * 2 * 3 / (5 + 4))
    assert found["rouge2"] == pytest.approx(100 * 2 * 1 / (4 + 3))
    assert found["rougel"] == pytest.approx(100 * 2 * 3 / (5 + 4))


def test_rouge_takes_words_without_their_endings_unless_told():
    assert score("rouge", ["meetings"], ["meeting"])["rouge1"] == pytest.approx(100)
    assert score("rouge", ["meetings"], ["meeting"], stemmed=False)["rouge1"] == 0


def test_chrf_is_a_mean_of_letters_in_a_row_in_which_recall_counts_twice():
    """Of 9 letters 8 are written, of 8 pairs 7, of 7 threes 6, and so on, and nothing besides: the
    means of six precisions and six recalls make one F."""
    recall = sum(n / (n + 1) for n in range(3, 9)) / 6
    wanted = 100 * 5 * recall / (4 * 1 + recall)
    assert score("chrf", ["red heart"], ["red hearts"])["chrf"] == pytest.approx(wanted)
    assert score("chrf", ["RED"], ["red"])["chrf"] == 0
    precision, recall = (6 * 1 + 1 / 2) / 7, (6 * recall + 1 / 2) / 7  # of two words one is right
    wanted = 100 * 5 * precision * recall / (4 * precision + recall)
    found = score("chrf", ["red heart"], ["red hearts"], word_order=1)["chrf"]
    assert found == pytest.approx(wanted)


def test_an_exact_match_is_one_to_the_letter():
    assert score("exact_match", [" milk\n", "Milk", "milk"], ["milk"] * 3) == {
        "exact_match": pytest.approx(200 / 3)
    }


@pytest.mark.parametrize("kind", kinds("metrics"))
def test_what_is_expected_scores_most_and_nothing_scores_nothing(kind):
    texts = ["the committee will meet again on Monday", "we agreed to buy a new microphone"]
    said = texts
    if kind == "mean_average_precision":  # of objects, and how sure a model is of each
        texts, said = ["cat 0.5 0.5 0.1 0.1"] * 2, ["cat 0.9 0.5 0.5 0.1 0.1"] * 2
    assert all(x == pytest.approx(100) for x in score(kind, said, texts).values())
    assert all(x == 0 for x in score(kind, ["", ""], texts).values())


def test_a_library_that_is_not_there_is_named():
    says(refused(library, "no_such_library"), "pip install 'attention-zoo[metrics]'")
