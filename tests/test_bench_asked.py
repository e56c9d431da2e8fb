"""What `zoo bench` is asked for: lengths, kinds with overrides, settings."""

import pytest
from bad_input import refused, says

from zoo.bench.lengths import brief, parse
from zoo.bench.settings import Settings, settings
from zoo.bench.subjects import folder_name, split, subject
from zoo.core.kinds import kinds

SMALL = {"num_heads": 2, "head_dim": 4}


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("1024", [1024]),
        ("1k", [1024]),
        ("1K", [1024]),
        ("1k,2k..16k", [1024, 2048, 4096, 8192, 16384]),
        ("512, 16..64 ,512", [16, 32, 64, 512]),
        ("3k..12k", [3072, 6144, 12288]),
        ("7..7", [7]),
    ],
)
def test_lengths_are_read(text, lengths):
    assert parse(text) == lengths
    assert parse(",".join(map(brief, lengths))) == lengths


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["found ''", "1k..64k"]),
        ("1k,", ["found ''"]),
        ("1x", ["'1x'", "1024, 4k"]),
        ("-4", ["'-4'"]),
        ("1.5k", ["'1.5k'"]),
        ("1k...4k", ["'1k...4k'"]),
        ("1k..5k", ["'1k..5k'", "4k and 8k", "never 5k"]),
        ("4k..1k", ["'4k..1k'", "never 1k"]),
        ("0", ["'0'", "1 to"]),
        ("9999999k", ["1 to 1,073,741,824"]),
        ("٣", ["'٣'"]),
    ],
)
def test_lengths_that_cannot_be_read_say_so(text, words):
    message = refused(parse, text)
    says(message, "lengths: found", *words)
    assert "\n" not in message


def test_overrides_are_split_at_commas_outside_brackets_and_quotes():
    assert split("a=1,b=[1,2],c={x: 1, y: [2,3]}") == ["a=1", "b=[1,2]", "c={x: 1, y: [2,3]}"]
    assert split("a='x,y',b=\"[,\"") == ["a='x,y'", 'b="[,"']


def test_a_pattern_by_itself_is_attention_with_that_pattern():
    short = subject("local:back=3", Settings(**SMALL))
    node = {"kind": "multi_head", "pattern": {"kind": "local", "back": 3}, **SMALL}
    assert short.part == {"layer": node, "hidden_dim": 8}
    for written in (
        "multi_head:pattern.kind=local,pattern.back=3",
        "multi_head:pattern=local,pattern.back=3",
    ):
        assert subject(written, Settings(**SMALL)).part == short.part
    own = subject("multi_head:num_heads=4,num_key_value_heads=2", Settings(hidden_dim=24))
    assert own.part["layer"]["num_heads"] == 4
    assert own.part["hidden_dim"] == 24


def test_a_recipe_keeps_its_own_settings_unless_told():
    own = subject("quickstart:training.precision=bfloat16,training.jit_compile=false", Settings())
    assert (own.jit, own.precision) == (False, "bfloat16")
    told = subject("quickstart", Settings(jit=False, precision="mixed_bfloat16"))
    assert told.part["recipe"]["training"]["precision"] == told.precision == "mixed_bfloat16"
    assert told.jit is False


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("locl:back=1", ["'locl'", "Did you mean 'local'?"]),
        ("quickstrat", ["Did you mean 'quickstart'?"]),
        ("missing.yaml", ["no such recipe"]),
        ("local", ["local needs 'back'"]),
        ("local:bakc=3", ["bakc: local has no 'bakc'", "Did you mean 'back'?"]),
        ("local:back=few", ["back: found 'few', expected a whole number"]),
        ("local:back", ["expected key=value"]),
        ("local:", ["expected key=value"]),
        ("local:back=[1", ["'back=[1'", "not YAML"]),
        ("multi_head:pattern.kind=locl", ["pattern.kind", "Did you mean 'local'?"]),
        ("multi_head:head_dim=0", ["head_dim: found 0"]),
        ("quickstart:model.num_layer=1", ["Did you mean 'num_layers'?"]),
        ("", ["no recipe, attention or pattern"]),
        ("x" * 5000, ["no recipe, attention or pattern"]),
        ("local\0", ["no recipe, attention or pattern"]),
    ],
)
def test_what_cannot_be_measured_is_named(what, words):
    says(refused(subject, what, Settings()), *words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"num_heads": 0}, ["--num-heads: found 0"]),
        ({"batch_size": -1}, ["--batch-size: found -1"]),
        ({"repeats": 0}, ["--repeats"]),
        ({"precision": "float33"}, ["--precision: found 'float33'", "mixed_bfloat16"]),
        ({"memory_limit": 0.0}, ["--memory-limit"]),
        ({"memory_limit": float("nan")}, ["--memory-limit"]),
    ],
)
def test_settings_are_checked(options, words):
    says(refused(settings, **options), *words)


def test_every_attention_and_pattern_can_be_asked_for():
    assert folder_name(["local:back=128", "full"]) == "local-back-128+full"
    assert folder_name(["../a b/c.yaml"]) == "a-b-c"
    assert {"multi_head", "local"} <= {*kinds("attention"), *kinds("attention/patterns")}
