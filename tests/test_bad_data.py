"""Text that cannot be trained on is refused before training, and says why."""

import os
from pathlib import Path

import bad_input
import numpy as np
import pytest
from bad_input import says

from zoo.data.sources.text_files import TextFiles
from zoo.recipe import build
from zoo.recipe.load import load

STREAMS = {"batching": "{kind: streams, segment_length: 8, batch_size: 4}", "least": 41}
WINDOWS = {"batching": "{kind: windows, sequence_length: 8, batch_size: 4}", "least": 33}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("train.txt").write_text("It was a bright cold day in April. " * 40)
    Path("held_out.txt").write_text("And the clocks were striking thirteen. " * 40)
    Path("empty.txt").write_text("")
    return tmp_path


def text(*overrides, path="train.txt"):
    return build.text(load("quickstart", [f"data.source.path={path}", *overrides], tiny=True))


def refused(*overrides, **options):
    return bad_input.refused(text, *overrides, **options)


def test_a_missing_file_says_what_is_near(here):
    said = refused(path="trian.txt")
    says(said, "command line: data.source.path: no file matches 'trian.txt' in", str(here))
    says(said, "Did you mean 'train.txt'? There are: empty.txt, held_out.txt, train.txt.")


def test_a_missing_folder_says_how_far_the_path_leads(here):
    Path("books").mkdir()
    said = refused(path="boks/1984/part.txt")
    says(said, "no file matches 'boks/1984/part.txt' in", str(here), "Did you mean 'books'")


def test_a_folder_of_very_many_files_is_not_listed_whole(here):
    for n in range(50):
        Path(f"file_{n}").touch()
    says(refused(path="file_x"), "Did you mean 'file_", "and 33 more.")


def test_a_glob_that_matches_nothing_is_refused(here):
    says(refused(path="'*.md'"), "no file matches '*.md'", "There are: empty.txt")
    says(refused(path="'**/*.md'"), "no file matches '**/*.md'")


def test_one_missing_file_of_several_is_refused(here):
    says(refused(path="[train.txt, gone.txt]"), "no file matches 'gone.txt'")


def test_a_missing_validation_file_names_its_own_key(here):
    said = refused("data.source.validation_path=gone.txt", "~data.source.validation_fraction")
    says(said, "data.source.validation_path: no file matches 'gone.txt'")


def test_an_unknown_folder_in_braces_is_refused(here):
    said = refused(path="'{stdlb}/*.py'")
    says(said, "no folder is called {stdlb}. Did you mean 'stdlib'?")


@pytest.mark.parametrize("path", ["'{'", "'{0}'", "~nobody/x", '"a\\0b"', "x" * 3000, "/dev/zero"])
def test_no_path_is_too_odd(here, path):
    says(refused(path=path), "data.source.path: ")


def test_links_to_nothing_and_pipes_are_named(here):
    Path("link").symlink_to("gone")
    os.mkfifo("pipe")
    for path in ("link", "pipe"):
        says(refused(path=path), f"{path} is a link to nothing, or no ordinary file")


def test_an_empty_folder_is_refused(here):
    Path("books").mkdir()
    says(refused(path="books"), "the folder books holds no file")


def test_empty_files_are_refused_when_there_are_no_others(here):
    says(refused(path="empty.txt"), "empty.txt: found an empty file, expected text")
    Path("blank.txt").touch()
    said = refused(path="[empty.txt, blank.txt]")
    says(said, "blank.txt (and 1 more): found an empty file")
    assert len(text(path="[train.txt, empty.txt]").train.names) == 1


def test_excluding_every_file_is_refused(here):
    said = refused("data.source.exclude=['*.txt']")
    says(said, "data.source.exclude: leaves out every file that matches train.txt")
    says(refused("data.source.exclude=['']"), "data.source.exclude: found an empty text")


def test_a_binary_file_is_named_with_the_place_that_gave_it_away(here):
    Path("image.png").write_bytes(b"\x89PNG\r\n\0\0")
    said = refused(path="[image.png, train.txt]")
    says(said, "image.png is a binary file", "offset 6", "data.source.exclude")
    assert text("data.source.exclude=['*.png']", path="[image.png, train.txt]")


def test_a_file_that_cannot_be_read_is_named(here, monkeypatch):
    def denied(file, *_, **__):
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(np, "fromfile", denied)
    says(refused(), "data.source.path: train.txt cannot be read: Permission denied")


@pytest.mark.parametrize("cut", [STREAMS, WINDOWS])
def test_a_text_shorter_than_a_batch_says_how_much_is_needed(here, cut):
    alone = ["~training.validate_every", "~data.source.validation_fraction"]
    batching = f"data.batching={cut['batching']}"
    Path("short.txt").write_text("x" * (cut["least"] - 1))  # and the token that ends it
    assert len(text(batching, *alone, path="short.txt").train) == cut["least"]
    Path("short.txt").write_text("x" * (cut["least"] - 2))
    said = refused(batching, *alone, path="short.txt")
    says(said, f"data.batching: {cut['least'] - 1} tokens in short.txt are too few for 4 ")
    says(said, f"expected at least {cut['least']}")


def test_validating_needs_something_held_out(here):
    said = refused("~data.source.validation_fraction")
    says(said, "data.source: nothing is held out, but training.validate_every is ")
    says(said, "data.source.validation_path", "data.source.validation_fraction", "or remove")
    says(refused("data.source.validation_fraction=1e-9"), "nothing is held out", "raise")


def test_two_ways_to_hold_out_are_one_too_many(here):
    said = refused("data.source.validation_path=held_out.txt")
    says(said, "data.source.validation_path: give this or validation_fraction, not both")


@pytest.mark.parametrize("same", ["train.txt", "*.txt", "link.txt", "../*/train.txt"])
def test_validating_on_what_is_trained_on_is_refused(here, same):
    Path("link.txt").symlink_to("train.txt")
    said = refused(f"data.source.validation_path='{same}'", "~data.source.validation_fraction")
    says(said, "data.source.validation_path: ", "is trained on too", "would measure nothing")


def test_bytes_are_passed_on_unchanged(here):
    odd = b"\xef\xbb\xbfone\r\ntwo\rthree\x0c\xff\xfe\xc3\n"
    Path("odd.txt").write_bytes(odd * 10)
    (document,) = TextFiles("odd.txt").train()
    assert document.data.tobytes() == odd * 10
    corpus = text(path="odd.txt").train
    assert bytes(corpus.read(0, len(odd)).astype("uint8")) == odd


def test_a_text_that_changes_has_another_fingerprint(here):
    before = text().train.fingerprint()
    assert text().train.fingerprint() == before
    written = Path("train.txt").read_text()
    for other in (written[:-1], written.swapcase(), "\n" + written):
        Path("train.txt").write_text(other)
        assert text().train.fingerprint() != before
