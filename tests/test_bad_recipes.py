"""A wrong recipe gets one message: where, what was found, what was expected, what is near."""

import subprocess
import sys
import time

import bad_input
import pytest
from bad_input import says

from zoo.core.errors import ZooError
from zoo.recipe.load import available, load

PAGE = available()["quickstart"].read_text(encoding="utf-8")


@pytest.fixture
def refused(tmp_path):
    """Call with the text of a recipe, or with overrides of the quickstart -> what is said."""

    def message(text=PAGE, *overrides, tiny=False):
        file = tmp_path / "mine.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return bad_input.refused(load, str(file), list(overrides), tiny).replace(f"{tmp_path}/", "")

    return message


def changed(before, after):
    assert PAGE.count(before) >= 1
    return PAGE.replace(before, after, 1)


def line(text, page=PAGE):
    """The number of the first line with `text` in it."""
    return 1 + [text in row for row in page.splitlines()].index(True)


def test_a_missing_recipe_says_what_is_near(tmp_path):
    with pytest.raises(ZooError, match=r"'quikstart': no such recipe\. Did you mean 'quickstart'"):
        load("quikstart")
    (tmp_path / "nearby.yaml").write_text(PAGE)
    with pytest.raises(ZooError, match=r"Did you mean 'nearby\.yaml'"):
        load(str(tmp_path / "neraby.yaml"))


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "", "no/such/folder/x.yaml"])
def test_no_name_of_a_recipe_is_too_odd(name):
    with pytest.raises(ZooError, match=r"no such recipe|found a folder"):
        load(name)


def test_a_folder_is_no_recipe(tmp_path):
    with pytest.raises(ZooError, match="found a folder, expected a YAML file"):
        load(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["empty recipe"]),
        ("# only a comment\n", ["empty recipe"]),
        ("- a\n- b\n", ["mine.yaml:1", "found a list", "expected a mapping"]),
        ("hello\n", ["mine.yaml:1", "'hello'", "expected a mapping"]),
        (b"a: 1\nb: \xff\n", ["mine.yaml:2", "not UTF-8"]),
        ("a: 1\nb: \0\n", ["mine.yaml:2", r"'\x00'"]),
        ("x" * (1 << 20) + "y", ["too large", "1,048,576 bytes"]),
        ("training: 5\ndata:\n", ["mine.yaml:1: training: found 5", "data: found nothing"]),
    ],
)
def test_a_page_that_is_no_mapping_is_refused(refused, text, words):
    says(refused(text), *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1, 2\nb: 3\n", ["mine.yaml:2:2", "expected ',' or ']'", "begins in line 1"]),
        ("a:\n  b 1\n  c: 2\n", ["mine.yaml:3:4", "':' that cannot stand here", "line above"]),
        ("a:\n\tb: 1\n", ["mine.yaml:2:1", "found a tab; indent with blanks"]),
        ("a: 1\n---\nb: 1\n", ["mine.yaml:2:1", "second document"]),
        ("a: 'open\n", ["mine.yaml:2:1", "quoted scalar that begins in line 1"]),
        ("[a, b]: 3\n", ["mine.yaml:1:1", "a key must be a word"]),
    ],
)
def test_a_syntax_error_has_line_and_column(refused, text, words):
    says(refused(text), *words)


def test_a_key_written_twice_says_both_lines(refused):
    first, page = line("  steps:"), changed("  steps:", "  steps: 7\n  steps:")
    says(refused(page), f"mine.yaml:{first + 1}:3", "'steps' is written twice", f"line {first}.")


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("  steps:", "  stepps:", ["training.stepps: training has no 'stepps'", "'steps'"]),
        ("num_heads:", "num_head:", ["model.blocks.attention.num_head:", "'num_heads'"]),
        ("    path:", "    pathh:", ["data.source.pathh: text_files has no 'pathh'", "'path'"]),
        ("\nexport:", "\nexprot:", ["exprot: a recipe has no 'exprot'", "'export'"]),
    ],
)
def test_an_unknown_key_says_what_is_near(refused, right, wrong, words):
    page = changed(right, wrong)
    says(refused(page), f"mine.yaml:{line(wrong.strip(), page)}: ", "Did you mean", *words)


def test_an_unknown_key_far_from_all_lists_what_there_is(refused):
    said = refused(PAGE, "training.learing_rate=1", "model.num_layer=2")
    says(said, "training has no 'learing_rate'. There are:", "schedule")
    assert "vocabulary_size" not in said  # it is given: writing it would be wrong too


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("model.num_layers=eight", ["found 'eight', expected a whole number"]),
        ("model.num_layers=2.5", ["found 2.5, expected a whole number"]),
        ("model.num_layers=true", ["found true, expected a whole number"]),
        ("model.num_layers=", ["found nothing, expected a whole number"]),
        ("model.num_layers=0", ["found 0, expected a number greater than 0"]),
        ("training.steps=1e3", ["found 1000.0, expected a whole number"]),
        ("model.dropout=no", ["found 'no', expected a number"]),
        ("model.dropout=1", ["found 1, expected a number less than 1"]),
        ("model.dropout=-.1", ["found -0.1, expected a number greater than or equal to 0"]),
        ("training.schedule.peak=.nan", ["found NaN, expected a finite number"]),
        ("training.schedule.peak=.inf", ["found Infinity, expected a finite number"]),
        ("training.schedule.peak=1e999", ["found Infinity, expected a finite number"]),
        ("training.schedule.peak=-1", ["found -1, expected a number greater than 0"]),
        ("training.schedule.peak='1e-4'", ["found '1e-4', expected a number"]),
        ("training.jit_compile=yes", ["found 'yes', expected true or false"]),
        ("training.precision=fp16", ["found 'fp16', expected 'float32', 'mixed_bfloat16'"]),
        ("model=[1, 2]", ["model: found [1, 2], expected a mapping"]),
        ("model.blocks=5", ["found 5, expected one of", "pre_norm, recurrent, reversible"]),
        ("model.blocks=[]", ["found an empty list, expected at least one"]),
        ("data.source.path=[]", ["found an empty list, expected at least one"]),
        ("data.source.path=''", ["found an empty text"]),
        ("export.signatures=[]", ["found an empty list"]),
        (
            "export.signatures=[scores]",
            ["no 'scores' in serving/signatures", "Did you mean 'score'?"],
        ),
        ("model.vocabulary_size=300", ["known from another section, leave it out (found 300)"]),
        ("training.schedule.steps=3", ["known from another section"]),
        ("model.kind=transfomer", ["no 'transfomer' in backbones. Did you mean 'transformer'"]),
        ("tokenizer=byte", ["no 'byte' in tokenizers. Did you mean 'bytes'"]),
        ("model.blocks.attention.kind=[a]", ['no ["a"] in attention. There are:']),
        ("model.position=learned", ["model.position: learned needs 'max_sequence_length'"]),
        ("~training.schedule.peak", ["training.schedule: cosine needs 'peak'"]),
        ("~data", ["a recipe needs 'data'"]),
    ],
)
def test_a_wrong_value_says_what_was_expected(refused, override, words):
    name = override.lstrip("~").partition("=")[0]
    says(refused(PAGE, override), "1 problem in this recipe", name.partition(".")[0], *words)


def test_numbers_are_read_as_people_write_them():
    recipe = load("quickstart", ["training.schedule.peak=1e-4", "training.seed=1_000"])
    assert recipe.tree["training"]["schedule"]["peak"] == 1e-4
    assert recipe.tree["training"]["seed"] == 1000


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("010", ["010 is ambiguous (octal?)", "expected 10"]),
        ("9" * 5000, ["too large a number, expected at most 18 digits"]),
        ("!!int '3'", ["tag !!int is not allowed: plain data only"]),
        ("!!set {a}", ["tag !!set is not allowed"]),
        ("!mine 3", ["tag !mine is not allowed"]),
        ("&name 3", ["anchors (&name) and aliases (*name) are not allowed"]),
        ("*name", ["anchors (&name) and aliases (*name) are not allowed"]),
        ("*.txt", ["aliases (*name) are not allowed; put a text that begins so in quotes"]),
        ("[" * 5000 + "]" * 5000, ["nested too deep, expected at most 20 levels"]),
        ("{a: " * 5000 + "}" * 5000, ["nested too deep"]),
    ],
)
def test_what_yaml_could_hide_is_refused_where_it_stands(refused, value, words):
    page = changed("training:\n", f"training:\n  seed: {value}\n")
    says(refused(page), f"mine.yaml:{line('  seed:', page)}:", *words)
    says(refused(PAGE, f"training.seed={value}"), "command line: ", "training.seed=", *words)


def test_an_alias_bomb_is_never_built(refused):
    bomb = "a: &a [x, x]\n" + "".join(f"{n}: &{n} [*a, *a]\n" for n in "bcdefghi")
    says(refused(bomb), "mine.yaml:1:4", "aliases")


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!python/object/new:os.mkdir"])
def test_a_python_tag_runs_nothing(refused, tmp_path, tag):
    page = changed("training:\n", f"training:\n  seed: {tag} [{tmp_path / 'ran'}]\n")
    says(refused(page), f"tag {tag} is not allowed")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("nearbi", ["extends: no recipe 'nearbi'. Did you mean 'nearby'"]),
        ("mine", ["'mine' comes back to itself"]),
        ("../nearby", ["'../nearby', expected a recipe beside or below"]),
        ("/etc/passwd", ["'/etc/passwd', expected a recipe beside or below"]),
        (".", ["'.', expected a recipe beside or below"]),
        ("''", ["'', expected a recipe beside or below"]),
        ("[a]", ['["a"], expected a recipe beside or below']),
        ("round", ["round.yaml:1: extends: 'mine' comes back to itself"]),
        ("chain0", ["more than 8 recipes extend one another"]),
    ],
)
def test_a_wrong_extends_says_why(refused, tmp_path, written, words):
    (tmp_path / "nearby.yaml").write_text(PAGE)
    (tmp_path / "round.yaml").write_text("extends: mine\n")
    for n in range(12):
        (tmp_path / f"chain{n}.yaml").write_text(f"extends: chain{n + 1}\n")
    says(refused(f"extends: {written}\n"), ".yaml:1: extends", *words)


def test_an_inherited_mistake_names_the_file_it_stands_in(refused, tmp_path):
    (tmp_path / "base.yaml").write_text(changed("steps:", "stepps:"))
    said = refused("extends: base\ntraining:\n  steps: eight\n")
    says(said, "mine.yaml:3: training.steps: found 'eight'")
    says(said, f"base.yaml:{line('  steps:')}: training.stepps")


def test_an_unknown_architecture_is_refused(refused):
    page = changed("  kind: transformer\n", "  architecture: [a]\n")
    says(refused(page), "model.architecture: no ['a']".replace("'", '"'), "There are")


def test_toy_sizes_are_checked_like_the_rest(refused):
    page = PAGE.partition("\ntiny:")[0]
    says(refused(page, tiny=True), "no section 'tiny'")
    says(refused(page + "\ntiny: 5\n", tiny=True), "tiny: found 5, expected a mapping")
    page += "\ntiny:\n  training: {stepps: 4}\n"
    says(refused(page, tiny=True), f"mine.yaml:{line('stepps', page)}: training.stepps")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("modle.num_layers=3", ["modle: a recipe has no 'modle'. Did you mean 'model'"]),
        ("training.stpes=5", ["training.stpes: training has no 'stpes'. Did you mean 'steps'"]),
        ("model.blocks.0.kind=x", ["model.blocks.0: post_norm has no '0'"]),
        ("training.steps", ["expected key=value, or ~key"]),
        ("=3", ["expected key=value"]),
        ("a..b=3", ["expected key=value"]),
        ("~training.steps=3", ["expected key=value, or ~key"]),
        ("~nothing", ["there is no nothing. There are: data"]),
        ("~training.stpes", ["there is no training.stpes. Did you mean 'steps'"]),
        ("training.steps.x=3", ["training.steps is", "it has no parts"]),
        ("export.signatures.9=step", ["export.signatures has places 0 to 3, found '9'"]),
        ("training.steps=[1", ["not YAML: expected ',' or ']'"]),
        ("training.steps={a: 1, a: 2}", ["'a' is written twice"]),
    ],
)
def test_an_override_that_means_nothing_is_refused(refused, override, words):
    said = refused(PAGE, override)
    says(said, "command line: ", *words)
    assert "mine.yaml" not in said


def test_all_problems_are_said_at_once_with_their_lines(refused):
    page = changed("num_layers: 4", "num_layers: four").replace("clip_norm", "clipnorm")
    said = refused(page, "training.seed=-1")
    assert said.startswith("mine: 3 problems in this recipe.\n")
    says(said, f"mine.yaml:{line('num_layers: four', page)}: model.num_layers: found 'four'")
    says(said, f"mine.yaml:{line('clipnorm', page)}: training.clipnorm:", "'clip_norm'")
    says(said, "command line: training.seed: found -1")
    assert len(said.splitlines()) == 4


def test_very_many_problems_are_cut_short(refused):
    said = refused(PAGE + "".join(f"k{n}: 1\n" for n in range(1000)))
    says(said, "1,000 problems", "and 980 more.")
    assert len(said.splitlines()) == 22


def test_a_message_never_carries_what_a_terminal_obeys(refused):
    said = refused(PAGE + '"\\e[31mred": "\\e[0m"\n')
    assert "\x1b" not in said
    says(said, r"\x1b[31mred")


def test_a_long_value_is_cut_to_fit_in_a_line(refused):
    assert len(refused(PAGE, f"model.num_layers={'x' * 3000}")) < 200


COMMAND = """
import sys
from zoo import cli
try:
    cli.main()
finally:
    heavy = {'keras', 'tensorflow', 'keras_hub'} & set(sys.modules)
    assert not heavy, heavy
"""


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["check", "quickstart", "training.stpes=3"], "'steps'"),
        (["train", "quickstart", "model.kind=transfomer"], "'transformer'"),
        (["train", "quickstart", "data.source.path=/no/such/text"], "no file matches"),
        (["check", "quickstart", "data.batching.batch_size=999999999"], "too few"),
    ],
)
def test_the_command_refuses_before_tensorflow_is_imported(arguments, word, tmp_path):
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("zoo: ")
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert time.perf_counter() - began < 10  # loose: no heavy import is what keeps it quick
    assert list(tmp_path.iterdir()) == []
