"""Documents of named fields: what is written, in which order, and what cannot be confused."""

import json
from pathlib import Path

import numpy as np
import pytest
import small_files
from bad_input import refused, says

import zoo
from zoo.data.batching.documents import Documents
from zoo.data.corpus import Corpus
from zoo.data.sources.fields import LAST, MARKS, Fields
from zoo.recipe import build
from zoo.tokenizers.byte_pair import BytePair
from zoo.tokenizers.bytes import Bytes

NAMES = ["domain", "date", "headline"]
DOMAIN, DATE, HEADLINE = MARKS[:3]
ARTICLES = [
    {"domain": "a.com", "date": "2001", "headline": 'He said: "No."', "other": 1},
    {"domain": "b.com", "date": None, "headline": "Rain"},
    {"domain": "c.com", "headline": "Größe"},
]


@pytest.fixture
def source(tmp_path):
    """Makes a source of the three articles, and of others if they are given."""
    file = tmp_path / "articles.jsonl"

    def made(*more, **options):
        file.write_text("".join(json.dumps(one) + "\n" for one in [*ARTICLES, *more]))
        return Fields(str(file), **{"fields": NAMES, **options})

    return made


def texts(documents):
    return [document.data.tobytes() for document in documents]


def test_a_target_stands_last_behind_what_is_given_in_this_order(source):
    documents = source(target="headline", given=["date", "domain"]).train()
    assert texts(documents) == [
        DATE + b"2001" + DOMAIN + b"a.com" + LAST + HEADLINE + b'He said: "No."',
        DOMAIN + b"b.com" + LAST + HEADLINE + b"Rain",
        DOMAIN + b"c.com" + LAST + HEADLINE + "Größe".encode(),
    ]
    answers = [document.parts()[1].tobytes() for document in documents]
    assert answers == [b'He said: "No."', b"Rain", "Größe".encode()]
    alone = source(target="date", given=[]).train()
    assert texts(alone) == [LAST + DATE + b"2001"]  # the others have none


def test_what_is_drawn_is_any_field_from_any_others_and_the_same_again(source):
    documents = source(copies=200, alone=0.3, dropped=0.2).train()
    assert len(documents) == 600
    first = [text for text in texts(documents) if b"a.com" in text or b"2001" in text]
    order = ["".join(n[0] for n in text.decode(errors="replace")) for text in first]
    assert len(set(order)) > 12  # each of three, from none, one or two others in either order
    last = [text[text.index(LAST) + 1 :][:1] for text in texts(documents)]
    shares = [last.count(mark) / 600 for mark in (DOMAIN, DATE, HEADLINE)]
    assert min(shares[0], shares[2]) > 0.3 > shares[1] > 0.07
    alone = np.mean([text.startswith(LAST) for text in texts(documents)])
    assert 0.3 < alone < 0.45
    assert texts(documents) == texts(source(copies=200, alone=0.3, dropped=0.2).train())
    assert texts(documents) != texts(source(copies=200, alone=0.3, dropped=0.2, seed=1).train())
    given = source(target="headline", copies=9, alone=0.0, dropped=0.0).train()
    assert all(b".com" in text.partition(LAST)[0] for text in texts(given))


def test_long_texts_are_cut_behind_words_and_short_ones_go_with_each_part(source):
    long = {"domain": "d.com", "headline": "one two three fourfivesix"}
    documents = source(long, target="headline", given=["domain"], longest=9).train()[-4:]
    parts = [document.parts() for document in documents]
    assert [given.tobytes()[1:6] for given, _, _ in parts] == [b"d.com"] * 4
    cut = [part.tobytes() for _, part, _ in parts]
    assert cut == [
        b"one two",
        b" three",
        b" fourfive"[:9],
        b"six",
    ]


def test_marks_are_one_token_each_whatever_stands_beside_them(source):
    documents = source(target="headline", given=["domain"]).train()
    learned = BytePair(vocabulary_size=275)
    learned.learn(texts(documents) * 9)
    for tokenizer in (learned, Bytes()):
        whole = tokenizer.read(documents[0].data)
        pieces = [tokenizer.pieces()[token] for token in whole]
        assert [one for one in pieces if set(one) & {*LAST, *HEADLINE}] == [LAST, HEADLINE]
        in_graph = tokenizer.tokenize([documents[0].data.tobytes()])
        assert in_graph.to_list()[0] == whole.tolist()
        weights = Documents(60, 3, counted="answers").evaluation(Corpus(documents, tokenizer), 0)
        answered = b"".join(
            tokenizer.pieces()[token] for token in weights.targets[0][weights.weights[0] > 0]
        )
        assert answered == b'He said: "No."'


def test_no_text_holds_a_mark():
    every = "".join(map(chr, range(0x11000))).encode(errors="ignore")
    assert not {*LAST, *b"".join(MARKS)} & {*every, *"\U0010ffff".encode()}


def test_a_prompt_is_an_object_whose_last_field_is_written_on(source):
    fields = source(target="date")
    asked = fields.prompt('{"headline": "Größe", "domain": "a"}')
    assert asked == HEADLINE + "Größe".encode() + LAST + DOMAIN + b"a"
    says(refused(fields.prompt, "Rain"), "prompt: found 'Rain'", '\'{"domain": "what is given"')
    says(refused(fields.prompt, '{"headlin": ""}'), "'headlin' is none of the fields", "headline")


def test_generate_writes_on_what_the_fields_of_a_prompt_begin(tmp_path):
    files = small_files.write(tmp_path)
    given = [*small_files.overrides("documents/grover_news", files), "training.steps=3"]
    quick = ["training.validate_every=null", "training.jit_compile=false"]
    recipe = zoo.load_recipe("documents/grover_news", [*given, *quick], tiny=True)
    zoo.train(recipe, tmp_path / "run")
    task, tokenizer = zoo.load(tmp_path / "run"), build.tokenizer(recipe)
    Path(files["fields"]["path"]).unlink()  # only what was learned is needed
    asked = '{"date": "2001", "headline": ""}'
    found = b"".join(zoo.generate(tmp_path / "run", asked, 5, temperature=0))
    begin = DATE + b"2001" + LAST + HEADLINE
    written = [tokenizer.end_token_id, *tokenizer.read(np.frombuffer(begin, "uint8"))]
    for _ in range(5):
        written.append(int(np.argmax(task({"token_ids": np.array([written])})[0, -1])))
    assert b"".join(tokenizer.pieces()[token] for token in written[8:]) == found
    says(refused(zoo.generate, tmp_path / "run", "Rain"), "prompt: found 'Rain'")


def test_a_part_of_the_articles_is_held_out_whole(source):
    """Cut into parts of four bytes or less, none of an article is trained on and held out."""
    found = source(longest=4, given=["domain"], target="headline", validation_fraction=0.34)
    train, held_out = ({one.name for one in half} for half in (found.train(), found.validation()))
    assert len(train) == 2
    assert len(held_out) == 1
    assert not train & held_out
    says(refused(source, validation_path="b", validation_fraction=0.1), "not both")


def test_fields_that_are_not_there_are_refused(source):
    says(refused(source, fields=["date", "date"]), "expected one to 10, all different")
    says(refused(source, target="datum"), "'datum' is none of the fields", "Did you mean 'date'?")
    says(refused(source, given=["body"]), "'body' is none of the fields")
    wrong = source(fields=["domain", "headlines"])
    says(refused(wrong.train), "no line has the field 'headlines'")
    says(refused(source({"domain": ["x"]}).train), "articles.jsonl:4: domain: found")
