"""Small files for recipes that read some of the user's, by kind of source."""

import json
import random
import string
from pathlib import Path

import numpy as np
import tensorflow as tf

import zoo
from zoo.core.kinds import as_node
from zoo.data.sources.chorales import Chorales
from zoo.recipe.load import available

PLANETOID = ("graphs/graph_citeseer", "graphs/graph_cora")
OWN_DATA = ("translation/", "documents/", "reasoning/", "vision/", "music/", *PLANETOID)
"""Recipes, and folders of them, that bring no data with them, and cannot be walked without small
files."""
NAMES = sorted(name for name in available() if name.startswith(OWN_DATA))


def write(folder):
    """Files of a few hundred lines: by kind of source, the options that name them."""
    draw = random.Random(0)
    words = ["".join(draw.choices(string.ascii_lowercase, k=5)) for _ in range(300)]
    lines = [" ".join(draw.choices(words, k=8)) + ".\n" for _ in range(300)]
    (folder / "a.txt").write_text("".join(lines))
    (folder / "b.txt").write_text("".join(line[::-1].strip() + "\n" for line in lines))
    (folder / "d.jsonl").write_text("".join(json.dumps(article(line)) + "\n" for line in lines))
    meetings = (meeting(n, lines[4 * n : 4 * n + 4]) for n in range(60))
    (folder / "e.jsonl").write_text("".join(json.dumps(one) + "\n" for one in meetings))
    for split in ("train", "test"):
        (folder / f"qa1_small-stories_{split}.txt").write_text("".join(stories(draw)))
    write_pictures(folder / "f.npz")
    write_code_model(folder / "codes")
    write_music(folder)
    write_papers(folder / "h.npz")
    plain, other, objects, articles, talks, pictures = (
        str(folder / name) for name in ("a.txt", "b.txt", "c.jsonl", "d.jsonl", "e.jsonl", "f.npz")
    )
    return {
        "text_files": {"path": plain, "validation_path": other},
        "parallel_text": {
            "path": plain,
            "target_path": other,
            "validation_path": plain,
            "validation_target_path": other,
        },
        "json_lines": {"path": objects, "validation_path": objects},
        "fields": {"path": articles, "validation_path": articles},
        "meetings": {"path": talks, "validation_path": talks},
        "babi": {"path": str(folder)},
        "rule_taker": {},
        "shapes": {},
        "image_arrays": {"path": pictures, "validation_path": pictures},
        "captioned_images": {"path": pictures, "validation_path": pictures},
        "planetoid": {"path": str(folder / "h.npz")},
        "chorales": {"path": str(folder / "g.json")},
        "midi_files": {"path": str(folder), "index": "index.tsv"},
    }


class CodeModel(tf.Module):
    """A square of 2 × 2 places is how bright it is, one of 8 codes; it is painted grey."""

    def __init__(self):
        super().__init__()
        self.width = tf.Variable(32)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, "pixels")])
    def encode_pixels(self, pixels):
        squares = tf.nn.avg_pool2d(tf.cast(pixels, tf.float32), 2, 2, "VALID")
        return {"codes": tf.cast(tf.reduce_mean(squares, axis=-1) / 32, tf.int32)}

    @tf.function(input_signature=[tf.TensorSpec([None, None, None], tf.int32, "codes")])
    def decode_pixels(self, codes):
        squares = tf.cast(codes * self.width + 16, tf.uint8)
        whole = tf.repeat(tf.repeat(squares, 2, axis=1), 2, axis=2)
        return {"pixels": tf.repeat(whole[..., None], 3, axis=-1)}


def write_code_model(folder):
    """As an exported autoencoder stands there, with 8 codes."""
    model = CodeModel()
    names = ("encode_pixels", "decode_pixels")
    tf.saved_model.save(model, str(folder), {name: getattr(model, name) for name in names})


def write_pictures(file, number=64, size=8):
    """Pictures of noise; those of class 1 are brighter, and are called so."""
    draw, labels = np.random.default_rng(0), np.arange(number) % 2
    images = draw.integers(0, 128, (number, size, size, 3)) + 100 * labels[:, None, None, None]
    np.savez(file, images=images.astype("uint8"), labels=labels)
    called = ("a dark one", "a bright one")
    names = [f"{place}\t{called[label]}" for place, label in enumerate(labels)]
    file.with_suffix(".tsv").write_text("\n".join(["index\tcaption", *names]) + "\n")


def write_papers(file, number=40, classes=6, words=18):
    """A ring of papers; each has a word of its class, and cites others, most of the same class."""
    draw, labels = np.random.default_rng(0), np.arange(number) % classes
    held = [np.unique([label, *draw.integers(classes, words, 4)]) for label in labels]
    near, far = np.arange(number - classes), np.arange(0, number - 5, 5)
    edges = np.column_stack([[*near, *far], [*(near + classes), *(far + 5)]])
    parts = np.split(draw.permutation(number), [20, 30])
    np.savez(
        file,
        feature_indptr=np.cumsum([0, *map(len, held)]),
        feature_indices=np.concatenate(held),
        labels=labels.astype("int16"),
        edges=edges,
        **dict(zip(("train_idx", "val_idx", "test_idx"), parts)),
    )


def write_music(folder):
    """Chorales that go up and down, and the same as files of MIDI, some of them held out."""
    up, fifths = np.arange(40)[:, None] % 12, np.array([67, 60, 55, 48])
    pieces = [(fifths + n + up).tolist() for n in range(6)]
    file = folder / "g.json"
    file.write_text(json.dumps({"train": pieces[:4], "valid": pieces[4:]}))
    ours, rows = Chorales(str(file)), ["file\tsplit"]
    for split, documents in (("train", ours.train()), ("valid", ours.validation())):
        for number, document in enumerate(documents):
            rows.append(f"{split}{number}.mid\t{split}")
            document.data.tofile(folder / f"{split}{number}.mid")
    (folder / "index.tsv").write_text("\n".join(rows))


def stories(draw):
    """Lines of twenty stories of two facts and a question each."""
    for _ in range(20):
        names, places = (draw.sample(words, 2) for words in (["Mary", "John"], ["hall", "garden"]))
        for number, (name, place) in enumerate(zip(names, places), 1):
            yield f"{number} {name} went to the {place}.\n"
        asked = draw.randrange(2)
        yield f"3 Where is {names[asked]}?\t{places[asked]}\t{asked + 1}\n"


def article(line):
    return {"domain": line[:5], "date": line[6:11], "headline": line[12:23], "body": line}


def meeting(number, lines):
    """A meeting of some lines, as QMSum has them; who speaks gives its domain away."""
    domain = ["Academic", "Committee", "Product"][number % 3]
    query = {"query": lines[0][:5], "answer": lines[0][6:23]}
    return {
        "domain": domain,
        "general_query_list": [query],
        "specific_query_list": [{**query, "relevant_text_span": [["1", "2"]]}],
        "meeting_transcripts": [{"speaker": domain, "content": line} for line in lines],
    }


def overrides(name, files):
    """What makes a recipe read the small files instead of those it names."""
    data = zoo.load_recipe(name).tree["data"]
    source = as_node(data["source"])
    if source["kind"] == "json_lines":
        write_objects(Path(files["json_lines"]["path"]), source, as_node(data["batching"]))
    part = "validation_fraction"
    wanted = {*source, "validation_path"} if part in source else set(source)
    named = {option: path for option, path in files[source["kind"]].items() if option in wanted}
    named |= {part: "null"} if part in source else {}
    more = []
    if "num_codes" in as_node(zoo.load_recipe(name).tree["tokenizer"]):
        more = [f"tokenizer.path={Path(files['text_files']['path']).parent / 'codes'}"]
    return [*more, *(f"data.source.{option}={path}" for option, path in named.items())]


def write_objects(file, source, batching):
    """The lines of `a.txt` in the fields that a recipe names, each with an answer where it wants
    one: the first words, or a class, which then stands in the text."""
    labels = batching.get("batching", batching).get("labels")
    with file.open("w") as opened:
        for number, line in enumerate((file.parent / "a.txt").read_text().splitlines()):
            label = labels and labels[number % len(labels)]
            fields = {source.get("text", "text"): f"{label} {line}" if labels else line}
            fields |= {source["answer"]: label or line[:20]} if "answer" in source else {}
            opened.write(json.dumps(fields) + "\n")


def needed(name):
    """The recipes whose runs a recipe begins with or learns from, as it names them."""
    tree = zoo.load_recipe(name).tree
    teacher = tree["training"].get("distillation", {}).get("teacher")
    places = [teacher, tree["model"].get("checkpoint"), as_node(tree["tokenizer"]).get("path")]
    return {Path(place).parts[1] for place in places if place and place.startswith("runs/")}
