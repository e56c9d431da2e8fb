"""Train, evaluate and report what stands in recipes/README.md.

python recipes/results.py DATA [SECTION ...]

DATA is a folder with the data sets, by the names of their files below; name it from where you
are, as `data`, for its name is kept. Runs lie in `runs/`; those that are there are not trained
again, those that were stopped go on. What a run tells of itself, all but its weights, is kept in
`recipes/records/`, and what is kept there is not done again: remove it to have it done. Every
section ends in its table and pictures, which are put into recipes/README.md. Everything is seeded.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from zoo.core.kinds import kinds
from zoo.results.sweep import finished
from zoo.training import evaluations

HERE = Path(__file__).parent
RUNS = Path("runs")
RECORDS = HERE / "records"
TELLING = ("recipe.yaml", "report.json", "log.csv", "evaluations.jsonl", "recl.json")
"""What the tables and pictures are made of."""
STRIDED, FIXED = ("local", "column"), ("local", "summary")
"""The parts of the patterns of Sparse Transformers, which layers take in turn."""
FAR = ["--step", "128", "--longest", "1024", "--positions", "250"]
SMALLER = "data.batching.batch_size={}"
"""Half of what the recipes of music say: as many steps in half the time."""
NEAR = ["--step", "32", "--longest", "512", "--positions", "250"]
"""Of `zoo recl`: every context is read anew at every position, which takes its time."""


def copy(run: Path, to: Path) -> None:
    """What a run tells of itself."""
    for name in TELLING:
        if (run / name).is_file():
            to.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run / name, to / name)


class Results:
    """What the sections ask for; each call is one `zoo` command."""

    def __init__(self, data: Path):
        self.data = data
        for record in RECORDS.glob("*"):
            if not (RUNS / record.name).exists():
                copy(record, RUNS / record.name)

    def split(self, folder: str, ending: str, held_out: str = "val") -> list[str]:
        """The overrides that name two files of a data set."""
        files = {"path": "train", "validation_path": held_out}
        return [
            f"data.source.{option}={self.data / folder / part}.{ending}"
            for option, part in files.items()
        ]

    def apart(self, folder: str, ending: str) -> tuple[str, list[str]]:
        """The overrides of a data set without validation files, for which recipes hold out a part
        of the training file: one to train, and two to measure on the test file."""
        train, test = self.split(folder, ending, "test")
        return train, [test, "data.source.validation_fraction=null"]

    def train(self, name: str, recipe: str, *overrides: str) -> None:
        run = RUNS / name
        if not finished(run):
            more = ["--resume"] if list(run.glob("checkpoints/step_*")) else []
            self.zoo("train", recipe, *overrides, "export=null", "--run", str(run), *more)
        self.keep(name)

    def evaluate(self, name: str, *overrides: str) -> None:
        run = RUNS / name
        if list(overrides) not in [one.overrides for one in evaluations.read(run)]:
            self.zoo("evaluate", str(run), *overrides)
        self.keep(name)

    def baseline(self, name: str, recipe: str, *options: str) -> None:
        if not (RUNS / name / "report.json").exists():
            self.zoo("baseline", recipe, *options, "--run", str(RUNS / name))
        self.keep(name)

    def recl(self, names: Sequence[str], *options: str) -> None:
        self.zoo("recl", *(str(RUNS / name) for name in names), *options)
        for name in names:
            self.keep(name)

    def keep(self, name: str) -> None:
        copy(RUNS / name, RECORDS / name)

    def report(self, section: str, names: Sequence[str], against: Sequence[str] = ()) -> None:
        beside = [word for name in against for word in ("--against", str(RUNS / name))]
        into = ["--into", str(HERE / "README.md"), "--section", section]
        pictures = ["--to", str(HERE / "pictures")]
        self.zoo("report", *(str(RUNS / name) for name in names), *beside, *into, *pictures)

    def compare(
        self, section: str, recipe: str, kinds: dict[str, list[str]], ways: list[list[str]]
    ) -> None:
        """Train a recipe in all kinds, evaluate each in all ways, and report those there are."""
        names: list[str] = []
        for kind, overrides in kinds.items():
            names.append(f"{section}_{kind}")
            self.train(names[-1], recipe, *overrides)
            for way in ways:
                self.evaluate(names[-1], *way)
            self.report(section, names)

    def zoo(self, *words: str) -> None:
        print("zoo", *words, flush=True)
        subprocess.run(["zoo", *words], check=True)


def characters(results: Results) -> None:
    """Families of the same size on the same characters: 256 at once, or 128 and a memory."""
    folder = results.data / "enwiki-xml"
    text = [
        f"data.source={{kind: text_files, path: {folder / 'train.txt'}, validation_path: "
        f"{folder / 'valid.txt'}, validation_fraction: null}}",
        "training.steps=4000",
        "training.validate_every=500",
    ]
    windows = ["data.batching.sequence_length=256", "data.batching.batch_size=8"]
    streams = ["data.batching.segment_length=128", "data.batching.batch_size=16"]
    places = ["model.position.max_sequence_length=256"]
    remembers = ["model.blocks.attention.memory_length=128"]
    results.train("gpt", "gpt_chars", *text, *windows, *places)
    results.train("transformer_xl", "transformer_xl_chars", *text, *streams, *remembers)
    results.train("sparse", "sparse_chars", *text, *windows, *places)
    results.train("reformer", "reformer_chars", *text, *windows, *places)
    results.train(
        "sha_rnn", "sha_rnn_chars", *text, *streams, "model.blocks.2.attention.memory_length=128"
    )
    names = ["gpt", "transformer_xl", "sparse", "reformer", "sha_rnn"]
    for name in names:
        results.evaluate(name, f"data.source.validation_path={folder / 'test.txt'}")
    results.evaluate("transformer_xl", "model.blocks.attention.memory_length=0")
    results.recl(names, *NEAR)
    results.report("characters", names, ["gpt"])


def positions(results: Results) -> None:
    """What positions do beyond the length a model was trained on, 128 characters."""
    path = f"data.source.path={results.data / 'tinyshakespeare' / 'input.txt'}"
    given = [path, "data.batching.sequence_length=128", "training.steps=3000"]
    whole = {
        "learned": ["model.position={kind: learned, max_sequence_length: 1024}"],
        "sinusoidal": ["model.position={kind: sinusoidal}", "model.scale_embedding=true"],
        "nope": ["model.position=nope"],
    }
    inside = {
        "rotary": "rotary",
        "alibi": "alibi",
        "t5_buckets": "t5_buckets",
        "relative_xl": "{kind: relative_xl, hidden_dim: 128}",
    }
    for name, node in inside.items():
        whole[name] = ["model.position=nope", f"model.blocks.attention.position={node}"]
    for name, overrides in whole.items():
        results.train(name, "gpt_chars", *given, *overrides)
    results.recl(list(whole), *FAR)
    results.report("positions", list(whole))


def captions(results: Results) -> tuple[list[str], list[str]]:
    """The overrides to train on English captions and their German, and to be measured on others."""
    folder = results.data / "multi30k"

    def files(split: str, prefix: str = "") -> list[str]:
        return [
            f"data.source.{prefix}path={folder / split}.en.txt.gz",
            f"data.source.{prefix}target_path={folder / split}.de.txt.gz",
        ]

    both = [*files("train"), *files("val", "validation_")]
    return both, files("test_2016_flickr", "validation_")


def translation(results: Results) -> None:
    """English to German captions by a Transformer, by beams, and by means of its checkpoints."""
    both, test = captions(results)
    name = "transformer_multi30k"
    results.train(name, name, *both)
    results.evaluate(name, *test)
    results.evaluate(name, *test, "evaluation.search.num_beams=1")
    for last in (3, 5):
        mean = RUNS / f"{name}_last_{last}"
        if not mean.exists():
            results.zoo("average", str(RUNS / name), "--last", f"{last}", "--to", str(mean))
        results.evaluate(name, *test, f"model.checkpoint={mean}")
    results.report("translation", [name])


def translation_lstm(results: Results) -> None:
    """The same captions by an LSTM with attention."""
    both, test = captions(results)
    results.train("lstm_attention_multi30k", "lstm_attention_multi30k", *both)
    results.evaluate("lstm_attention_multi30k", *test)
    results.report("translation_lstm", ["lstm_attention_multi30k"])


def translation_mask_predict(results: Results) -> None:
    """The same captions, all words at once, in several turns."""
    both, test = captions(results)
    name = "mask_predict_multi30k"
    results.train(name, name, *both)
    results.evaluate(name, *test)
    for turns in (1, 2, 4):
        results.evaluate(name, *test, f"evaluation.search.num_turns={turns}")
    results.report("translation_mask_predict", [name])


def needle(results: Results) -> None:
    """A needle in a haystack of 256 characters to train on, and of up to 16,384 to be tested on."""
    attention = "model.blocks.attention"
    kinds = {
        "full_rotary": [],
        "full_nope": [f"{attention}.position=nope"],
        "full_alibi": [f"{attention}.position=alibi"],
        "local": [f"{attention}.pattern={{kind: local, back: 64}}"],
        "strided": [f"{attention}.pattern={{kind: strided, stride: 16}}"],
        "big_bird": [f"{attention}.pattern={{kind: causal_big_bird, block_size: 16}}"],
        "lsh": [
            f"{attention}={{kind: lsh, num_heads: 4, head_dim: 16, chunk_length: 32, "
            "num_hashes: 4}"
        ],
    }
    few = ["data.source.num_documents=1", "data.source.num_validation_documents=64"]
    ways = [
        [
            f"data.source.length={length}",
            f"data.batching.sequence_length={length}",
            "data.batching.batch_size=8",
            *few,
        ]
        for length in (256, 1024, 4096, 16384)
    ]
    results.compare("needle", "needle", kinds, ways)


def list_ops(results: Results) -> None:
    """Trees of up to 100 symbols to train on, and longer and deeper ones to be tested on."""
    attention, pattern = "model.blocks.attention", "model.blocks.attention.pattern"
    kinds = {
        "full": [],
        "local": [f"{pattern}={{kind: local, back: 16, ahead: 16}}"],
        "longformer": [f"{pattern}={{kind: longformer, attention_window: 32, positions: [0]}}"],
        "big_bird": [f"{pattern}={{kind: big_bird, block_size: 8, num_heads: 4}}"],
        "lsh": [
            f"{attention}={{kind: lsh, num_heads: 4, head_dim: 32, chunk_length: 16, "
            "chunks_after: 1, num_hashes: 4, pattern: full}"
        ],
    }
    few = ["data.source.num_documents=1", "data.source.num_validation_documents=200"]
    ways = []
    for length in (100, 250, 1000, 4000, 16000):
        size = [f"data.source.max_length={length}", f"data.source.min_length={2 * length // 5}"]
        deep = [] if length == 100 else ["data.source.max_depth=10", "data.source.max_args=10"]
        room = [f"data.batching.sequence_length={length + 100}", "data.batching.batch_size=4"]
        ways.append([*size, *deep, *room, *few])
    results.compare("list_ops", "list_ops_small", kinds, ways)


def reviews(results: Results) -> None:
    """Film reviews: a BERT, a student of half its layers, and a bag of words."""
    train, test = results.apart("imdb-subset", "jsonl.gz")
    results.train("bert_imdb_pretrained", "bert_imdb_pretrained", train)
    students = {"distilbert_imdb": [], "half_imdb": ["training.distillation=null"]}
    for name, overrides in {"bert_imdb": [], **students}.items():
        recipe = "distilbert_imdb" if name in students else name
        results.train(name, recipe, train, *overrides)
        results.evaluate(name, *test)
    results.baseline("bag_of_words_imdb", "bert_imdb", train, *test)
    names = ["bert_imdb", *students, "bag_of_words_imdb"]
    results.report("reviews", names, ["bag_of_words_imdb"])


def cut_and_whole(results: Results, section: str, folder: str, ending: str, *pair: str) -> None:
    """Whole documents against their first 512 tokens, and a bag of their words."""
    train, test = results.apart(folder, ending)
    for name in pair:
        results.train(name, name, train)
        results.evaluate(name, *test)
        results.evaluate(name, "data.source.min_bytes=3000", *test)
    bag = f"bag_of_words_{section}"
    results.baseline(bag, pair[0], train, *test)
    results.report(section, [*pair, bag], [bag])


def documents(results: Results) -> None:
    """Messages, and the group each was sent to."""
    names = "bert_20news", "bigbird_20news"
    cut_and_whole(results, "documents", "20news-bydate", "jsonl.gz", *names)


def articles(results: Results) -> None:
    """Articles of newspapers: partisan or not."""
    names = "bert_hyperpartisan", "longformer_hyperpartisan"
    cut_and_whole(results, "articles", "hyperpartisan", "jsonl", *names)


def transcripts(results: Results) -> None:
    """Transcripts of meetings, and what kind of meeting it was."""
    both = results.split("qmsum", "jsonl.gz")
    names = ["bert_qmsum_domain", "bigbird_qmsum_domain"]
    for name in names:
        results.train(name, name, *both)
        results.evaluate(name, results.split("qmsum", "jsonl.gz", "test")[1])
    bag = "bag_of_words_qmsum"
    results.baseline(bag, names[0], *both)
    results.report("transcripts", [*names, bag], [bag])


def meetings(results: Results) -> None:
    """Summaries of whole meetings, and answers to questions about them."""
    both = results.split("qmsum", "jsonl.gz")
    test = results.split("qmsum", "jsonl.gz", "test")[1]
    results.train("turns", "bigbird_qmsum", *both, "data.source.turns=relevant")
    begun = ["model.checkpoint=runs/turns", "tokenizer.path=runs/turns/tokenizer"]
    results.train("bigbird_qmsum", "bigbird_qmsum", *both, *begun)
    results.evaluate("bigbird_qmsum", test)
    lead = ["--kind", "{kind: lead, skipped_paragraphs: 1}"]
    results.baseline("lead_qmsum", "bigbird_qmsum", both[0], test, *lead)
    results.report("meetings", ["bigbird_qmsum", "lead_qmsum"], ["lead_qmsum"])


def news(results: Results) -> None:
    """The body of an article, told its other fields and not told."""
    train, test = results.apart("hyperpartisan", "jsonl")
    results.train("grover_news", "grover_news", train)
    body = ["data.batching.batching.counted=answers", "data.source.target=body"]
    for given in ("[domain, date, headline]", "[]"):
        said = f"data.source.given={given}"
        results.evaluate("grover_news", said, *body, "data.source.longest=800", *test)
    results.report("news", ["grover_news"])


def reasoning(results: Results) -> None:
    """Questions about stories, task by task; statements that rules prove, by depth."""
    part, stories = "data.source.validation_fraction", results.data / "babi-en"
    results.train("babi", "babi_reasoning", f"data.source.path={stories}")
    results.evaluate("babi", f"{part}=null")
    for task in range(1, 21):
        results.evaluate("babi", f"data.source.tasks=[{task}]", f"{part}=null")
    results.train("soft_reasoner", "soft_reasoner")
    drawn = ["data.source.num_documents=1", "data.source.seed=1"]
    for depth in range(6):
        deep = [f"data.source.{bound}_depth={depth}" for bound in ("max", "min")]
        results.evaluate("soft_reasoner", *deep, *drawn)
    results.report("reasoning", ["babi", "soft_reasoner"])


def chorales(results: Results) -> None:
    """Bach's chorales by kinds of positions, three times each."""
    path = f"data.source.path={results.data / 'jsb-chorales' / 'Jsb16thSeparated.json'}"
    names = []
    for kind in ("music_jsb_absolute", "music_jsb", "music_jsb_pitch_time"):
        for seed in (0, 1, 2):
            names.append(f"{kind}_{seed}")
            results.train(names[-1], kind, path, SMALLER.format(4), f"training.seed={seed}")
        results.report("chorales", names)


def gaps(results: Results) -> None:
    """Chorales with notes hidden, in any voice, or in all but the melody."""
    path = f"data.source.path={results.data / 'jsb-chorales' / 'Jsb16thSeparated.json'}"
    names = ["music_jsb_infill", "music_jsb_accompany"]
    for name in names:
        results.train(name, name, path, SMALLER.format(4))
    results.report("gaps", names)


def performances(results: Results) -> None:
    """What pianists played: what is before a note seen whole, near by, or remembered; and how
    likely notes are by how far into a piece they are."""
    path = f"data.source.path={results.data / 'asap-piano-midi'}"
    fewer = {"": 2, "_local": 2, "_transformer_xl": 4, "_sparse": 1}
    names = [f"music_piano{kind}" for kind in fewer]
    for place, (name, number) in enumerate(zip(names, fewer.values()), 1):
        results.train(name, name, path, SMALLER.format(number))
        for first in (0, 256, 512, 1024, 2048, 4096):
            part = [f"from={first}", f"number={first or 256}"]
            results.evaluate(name, *(f"data.batching.measured_{one}" for one in part))
        results.report("performances", names[:place])


def graphs(results: Results) -> None:
    """Papers by what they cite, on the standard split; ancestors in trees with and without the
    labels of edges; three times each."""
    names = []
    for kind in ("graph_cora", "graph_citeseer", "graph_ancestors", "graph_ancestors_unlabelled"):
        cites = kind in ("graph_cora", "graph_citeseer")
        file = results.data / "planetoid" / f"{kind.removeprefix('graph_')}.npz"
        for seed in (0, 1, 2):
            names.append(f"{kind}_{seed}")
            path = [f"data.source.path={file}"] if cites else []
            results.train(names[-1], kind, *path, f"training.seed={seed}")
            if cites:
                results.evaluate(names[-1], "data.source.held_out=test")
        results.report("graphs", names)


def pictures(results: Results) -> None:
    """Small pictures and their classes: attention after convolutions, against either alone, of the
    same size, trained alike, three times each."""
    train, test = results.apart("cifar10-subset", "npz")
    names = []
    for kind in ("coatnet", "botnet", "vit_hybrid", "mobilevit", "vit", "resnet"):
        for seed in (0, 1, 2):
            names.append(f"{kind}_cifar_{seed}")
            results.train(names[-1], f"{kind}_cifar", train, f"training.seed={seed}")
            results.evaluate(names[-1], *test)
        results.report("pictures", names)


def objects(results: Results) -> None:
    """Shapes in pictures, as a set: which, and where."""
    results.train("detr_synthetic", "detr_synthetic")
    results.evaluate("detr_synthetic", "data.source.num_documents=1", "data.source.seed=1")
    results.report("objects", ["detr_synthetic"])


def pixels(results: Results) -> None:
    """Pictures written place by place, by blocks of rows and by rectangles of the same size; and
    channel by channel."""
    train, test = results.apart("cifar10-subset", "npz")
    names = [f"image_transformer_{kind}" for kind in ("1d", "2d", "categorical")]
    for name in names:
        results.train(name, name, train)
        results.evaluate(name, *test)
    results.baseline("marginal_pixels", names[0], train, *test)
    results.report("pixels", [*names, "marginal_pixels"], ["marginal_pixels"])


def sparse_pixels(results: Results) -> None:
    """The strided pattern against the fixed one, on pictures of 16 × 16 and of 32 × 32."""
    train, test = results.apart("cifar10-subset", "npz")
    names, recipe = [], "sparse_images"
    for side in (16, 32):
        size = [f"data.batching.{of}={side}" for of in ("height", "width")]
        size.append(f"model.position.shape=[{side}, {side}]")
        fewer = [] if side == 16 else ["data.batching.batch_size=4"]
        fixed = f"kind: fixed, stride: {side}, summary_width: 4, num_groups: 4"
        parts = {
            "strided": [f"{{kind: strided, stride: {side}, part: {x}}}" for x in STRIDED],
            "fixed": [f"{{{fixed}, part: {x}}}" for x in FIXED],
        }
        for kind, patterns in parts.items():
            names.append(f"{recipe}_{kind}_{side}")
            place = "model.blocks.{}.attention.pattern={}"
            seen = [place.format(*of) for of in enumerate(patterns)]
            results.train(names[-1], recipe, train, *size, *fewer, *seen)
            results.evaluate(names[-1], *test)
        names.append(f"marginal_{side}")
        results.baseline(names[-1], recipe, train, *test, *size[:2])
        results.report("sparse_pixels", names)


def super_resolution(results: Results) -> None:
    """Pictures of 8 × 8 made into pictures of 32 × 32, beside cubic interpolation and noise."""
    train, test = results.apart("cifar10-subset", "npz")
    name = "super_resolution"
    results.train(name, name, train)
    results.evaluate(name, *test)
    results.baseline("bicubic", name, train, *test)
    results.report(name, [name, "bicubic"], ["bicubic"])


def autoencoders(results: Results) -> None:
    """Pictures as 64 codes, by how many codes there are; drawings; and a discrete VAE."""
    train, test = results.apart("cifar10-subset", "npz")
    names = ["vqgan_cifar"]
    results.train(names[0], names[0], train)
    for number in (64, 256, 1024):
        names.append(f"vqgan_cifar_{number}")
        results.train(names[-1], names[0], train, f"model.codebook.num_codes={number}")
    names.append("dvae_cifar")
    results.train(names[-1], names[-1], train)
    for name in names:
        results.evaluate(name, *test)
    names.append("vqgan_emoji")
    train, test = results.apart("twemoji-captions", "npz")
    results.train(names[-1], names[-1], train)
    results.evaluate(names[-1], *test)
    results.report("autoencoders", names)


def codes(results: Results) -> None:
    """The codes of a VQGAN that `zoo export` wrote of `vqgan_cifar`, in seven orders; and guessed
    a few turns at a time."""
    train, test = results.apart("cifar10-subset", "npz")
    names = []
    for order in kinds("orders"):
        if order != "blocks":
            names.append(f"codes_{order}")
            results.train(names[-1], "codes_cifar", train, f"tokenizer.order={order}")
            results.evaluate(names[-1], *test)
            results.report("codes", names)
    results.train("maskgit", "maskgit_cifar", train)
    results.evaluate("maskgit", *test)
    results.report("codes", [*names, "maskgit"])


def emoji(results: Results) -> None:
    """Pictures behind captions, as codes of a VQGAN that `zoo export` wrote of `vqgan_emoji`: how
    likely they are with their own captions, and with others'."""
    results.train("dalle", "dalle_emoji", *results.split("twemoji-captions", "npz", "test"))
    alone = "data.batching.text_weight=0"
    results.evaluate("dalle", alone)
    results.evaluate("dalle", alone, "data.batching.captions=others")
    results.report("emoji", ["dalle"])


def names_of_emoji(results: Results) -> None:
    """What emoji are called, by a model that looks at them, and by one that does not."""
    names = ["caption_emoji", "captions_alone"]
    for name in names:
        results.train(name, name, *results.split("twemoji-captions", "npz", "test"))
        results.evaluate(name)
    results.report("names_of_emoji", names, ["captions_alone"])


SECTIONS = {
    section.__name__: section
    for section in (
        characters,
        positions,
        translation,
        translation_lstm,
        translation_mask_predict,
        needle,
        list_ops,
        reviews,
        documents,
        articles,
        transcripts,
        meetings,
        news,
        reasoning,
        chorales,
        gaps,
        performances,
        graphs,
        pictures,
        objects,
        pixels,
        sparse_pixels,
        super_resolution,
        autoencoders,
        codes,
        emoji,
        names_of_emoji,
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []])
    asked = parser.parse_args()
    try:
        for name in asked.sections or SECTIONS:
            SECTIONS[name](Results(asked.data))
    except subprocess.CalledProcessError as wrong:
        sys.exit(wrong.returncode)


if __name__ == "__main__":
    main()
