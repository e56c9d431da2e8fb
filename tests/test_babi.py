"""Stories and questions: what is read of a file, what an answer follows from, what is refused."""

import pytest

from zoo.core.errors import ZooError
from zoo.data.sources.babi import Babi

STORY = """\
1 Mary took the milk.
2 John went to the hall.
3 Where is John? \thall\t2
4 Mary went to the garden.
5 Where is the milk?\tgarden\t1 4
1 Lily is a swan.
2 What is Lily?\tswan\t1
"""


@pytest.fixture
def folder(tmp_path):
    for task in (2, 15):
        for split in ("train", "test"):
            story = STORY.replace("hall", f"{split}{task}")
            (tmp_path / f"qa{task}_some-task_{split}.txt").write_text(story)
    (tmp_path / "README").write_text("not a story")
    return tmp_path


def texts(documents):
    return [tuple(part.tobytes().decode() for part in one.parts()) for one in documents]


def support(document):
    return [document.data[start:stop].tobytes().decode() for start, stop in document.support]


def test_a_story_so_far_is_read_without_earlier_questions_and_another_begins_anew(folder):
    assert [one[:2] for one in texts(Babi(str(folder), tasks=[2]).train())] == [
        ("Mary took the milk.\nJohn went to the train2.\nWhere is John?\n", "train2"),
        (
            "Mary took the milk.\nJohn went to the train2.\nMary went to the garden.\n"
            "Where is the milk?\n",
            "garden",
        ),
        ("Lily is a swan.\nWhat is Lily?\n", "swan"),
    ]


def test_what_an_answer_follows_from_is_kept(folder):
    found = [support(one) for one in Babi(str(folder), tasks=[2]).train()]
    facts = ["Mary took the milk.", "Mary went to the garden."]
    assert found == [["John went to the train2."], facts, ["Lily is a swan."]]


def test_the_last_sentences_before_a_question_are_kept(folder):
    cut = Babi(str(folder), last_sentences=1).train()[1]
    assert texts([cut])[0][0] == "Mary went to the garden.\nWhere is the milk?\n"
    assert support(cut) == ["Mary went to the garden."]


def test_all_tasks_are_read_or_those_named_and_test_files_are_held_out(folder):
    whole = Babi(str(folder))
    assert [one[1] for one in texts(whole.train())[::3]] == ["train2", "train15"]
    assert [one[1] for one in texts(whole.validation())[::3]] == ["test2", "test15"]
    assert len(Babi(str(folder), tasks=[15]).train()) == 3


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("no number", "found 'no number', expected a number and a sentence"),
        ("1 Is it?\tyes", r"found '1 Is it\?\\tyes', expected"),
        ("3 A dog is here.", "found line 3 of a story, expected 1 or 2"),
        ("2 Is it?\tyes\t2", "follows from line 2, which tells nothing"),
    ],
)
def test_a_line_of_no_story_is_refused(tmp_path, line, wanted):
    (tmp_path / "qa1_x_train.txt").write_text(f"1 A cat is here.\n{line}\n")
    with pytest.raises(ZooError, match=f"qa1_x_train.txt:2: {wanted}") as told:
        Babi(str(tmp_path)).train()
    assert told.value.path == ("path",)


def test_a_folder_without_stories_and_a_task_it_lacks_are_refused(folder):
    with pytest.raises(ZooError, match=r"tasks: found 3\. .* has files of: 2, 15\."):
        Babi(str(folder), tasks=[2, 3]).train()
    (folder / "inside").mkdir()
    with pytest.raises(ZooError, match=r"path: .*found no file such as qa1_"):
        Babi(str(folder / "inside")).train()
    with pytest.raises(ZooError, match=r"path: .*found no file such as qa1_"):
        Babi(str(folder / "nowhere")).train()


def test_a_fraction_of_the_questions_to_train_on_is_held_out_instead_of_the_test_files(folder):
    whole = texts(Babi(str(folder)).train())
    source = Babi(str(folder), validation_fraction=0.5)
    train, held_out = (texts(part) for part in (source.train(), source.validation()))
    assert (train, held_out) == (whole[::2], whole[1::2])
