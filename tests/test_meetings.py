"""Meetings: what is asked of them, what is read, and what answers."""

import gzip
import json

import pytest
from bad_input import refused, says

from zoo.data.sources.meetings import Meetings

SPANS = [["2", "3"], ["3", "4"]]
MEETING = {
    "domain": "Product",
    "general_query_list": [{"query": "Summarize.", "answer": "A remote is designed."}],
    "specific_query_list": [
        {
            "query": "Which colour?",
            "answer": " Red. ",
            "relevant_text_span": [["2", "3"], ["3", "4"]],
        },
        {"query": "Who?", "answer": "Ed."},
    ],
    "meeting_transcripts": [
        {"speaker": "Ed", "content": "Well , {disfmarker} hello ."},
        {"speaker": "Al", "content": "{vocalsound} ."},
        {"speaker": "Al", "content": "Red ?"},
        {"speaker": "Ed", "content": "Yes ."},
        {"speaker": "Al", "content": "Good ."},
    ],
}
ALL = b"Ed: Well, hello.\nAl: Red?\nEd: Yes.\nAl: Good.\n"
PART = b"Al: Red?\nEd: Yes.\nAl: Good.\n"


@pytest.fixture
def file(tmp_path):
    def written(*meetings):
        made = tmp_path / "m.jsonl.gz"
        made.write_bytes(gzip.compress(b"\n".join(json.dumps(one).encode() for one in meetings)))
        return str(made)

    return written


def read(documents):
    return [tuple(part.tobytes() for part in one.parts()[:2]) for one in documents]


def test_a_query_and_the_transcript_are_read_and_the_summary_answers(file):
    path = file(MEETING)
    general = [(b"Summarize.\n\n" + ALL, b"A remote is designed.")]
    specific = [(b"Which colour?\n\n" + ALL, b"Red."), (b"Who?\n\n" + ALL, b"Ed.")]
    assert read(Meetings(path, asked="general").train()) == general
    assert read(Meetings(path, asked="specific").train()) == specific
    assert read(Meetings(path, path).validation()) == general + specific
    assert Meetings(path).validation() == []


def test_relevant_turns_are_those_the_data_set_names_each_once(file):
    found = read(Meetings(file(MEETING), asked="both", turns="relevant").train())
    assert [text.partition(b"\n\n")[2] for text, _ in found] == [ALL, PART, ALL]


def test_the_domain_of_a_transcript_may_be_asked(file):
    assert read(Meetings(file(MEETING), asked="domain").train()) == [(ALL, b"Product")]


def test_what_is_no_meeting_is_refused(file):
    no_turns = {name: value for name, value in MEETING.items() if name != "meeting_transcripts"}
    says(
        refused(Meetings(file(MEETING, no_turns)).train),
        "m.jsonl.gz:2",
        "has no 'meeting_transcripts'",
    )
    odd = {**MEETING, "specific_query_list": [{**MEETING["specific_query_list"][0]}]}
    odd["specific_query_list"][0]["relevant_text_span"] = [["a", "b"]]
    says(refused(Meetings(file(odd), turns="relevant").train), "not a meeting as QMSum has")
    nobody = {**MEETING, "general_query_list": []}
    says(refused(Meetings(file(nobody), asked="general").train), "asks nothing", "general")
    says(
        refused(Meetings(file({**MEETING, "domain": None}), asked="domain").train), "domain: found"
    )
