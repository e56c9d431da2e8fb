"""Checkpoints of image models: what the originals answer, ours answer; and the way back."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import checkpoints
import numpy as np
import pytest
from checkpoints import parts, pictures, weights, write
from safetensors.numpy import load_file, save_file

import zoo
from zoo.backbones import Backbone
from zoo.convert._hugging_face import architectures, family_of, written
from zoo.convert._hugging_face import parts as hugging_face_parts
from zoo.convert.config import Config
from zoo.convert.families import Family
from zoo.convert.families._image import Image
from zoo.convert.families.detr import Detr
from zoo.convert.folder import load, save
from zoo.convert.timm import Timm
from zoo.core.errors import ZooError
from zoo.core.kinds import find, kinds, make
from zoo.core.symbolic import symbolically
from zoo.recipe.build import batching
from zoo.recipe.load import load as load_recipe
from zoo.tasks import Task

FOLDER = Path(__file__).parent / "golden" / "image_checkpoints"
SHAPES = json.loads((FOLDER / "shapes.json").read_text())
FEW = (
    *("botnet50ts_256", "coatnet_0_224", "coatnet_0_rw_224", "resnet50"),
    *("vit_tiny_patch16_224", "vit_small_r26_s32_224"),
)
CASES = sorted(file.stem for file in FOLDER.glob("*.npz"))
DETR = FOLDER.parent / "detr.npz"


def golden(case):
    return checkpoints.golden(FOLDER / f"{case}.npz")


def named(case):
    """What the way back is asked for: the architecture of timm, or the type of Hugging Face."""
    config = json.loads(str(case["config"]))
    return config.get("architecture") or config["model_type"]


def test_every_kind_has_a_case():
    cases = [*map(golden, CASES), checkpoints.golden(DETR)]
    cases = {type(family_of(named(case), "")) for case in cases}
    shelves = [(shelf, kind) for shelf in (Timm.shelf, Family.shelf) for kind in kinds(shelf)]
    found = {find(*one) for one in shelves}
    assert cases == {one for one in found if issubclass(one, Timm | Image)}


@pytest.mark.parametrize("case", CASES)
def test_it_answers_as_the_original_and_goes_back_as_it_came(case, tmp_path):
    answers_as_the_original(golden(case), tmp_path)


def test_a_detr_goes_back_as_it_came(tmp_path):
    case = checkpoints.golden(DETR)
    model = load(write(tmp_path / "theirs", case))
    goes_back(model, case, tmp_path)
    assert model.labels == [*"abcd"]


def test_a_detr_over_a_resnet_of_timm_has_the_weights_it_is_published_with():
    """Which are called otherwise than where the ResNet is of Hugging Face."""
    theirs = json.loads(str(checkpoints.golden(DETR)["timm"]))
    config = Config({"architectures": ["DetrForObjectDetection"], "num_labels": 91}, "detr")
    found = symbolically(shapes, Detr(), *hugging_face_parts(Detr(), config))
    assert found == {Detr().renamed(name): shape for name, shape in theirs.items()}


def answers_as_the_original(case, tmp_path):
    """And goes back as it came."""
    model = load(write(tmp_path / "theirs", case))
    answer = model(pictures(model, case["x"]))
    np.testing.assert_allclose(answer, case["out"], rtol=1e-4, atol=1e-4)
    goes_back(model, case, tmp_path)


def goes_back(model, case, tmp_path):
    """As it came."""
    theirs = parts(case, "weights/")
    save(model, named(case), tmp_path / "back")
    back = load_file(tmp_path / "back" / "model.safetensors")
    assert {name for name in theirs if not name.startswith("pooler.")} == set(back)
    for name, array in back.items():
        np.testing.assert_allclose(array, theirs[name], rtol=1e-6, err_msg=name)
    assert written(tmp_path / "back") == written(tmp_path / "theirs")


@pytest.mark.parametrize(
    "architecture",
    [pytest.param(one, marks=() if one in FEW else pytest.mark.slow) for one in SHAPES],
)
def test_an_architecture_has_the_weights_it_is_published_with(architecture):
    assert digest(architecture) == SHAPES[architecture]


def digest(architecture):
    """How many arrays there are, and a digest of their names and shapes."""
    size = SHAPES[architecture][0]
    told = {"pretrained_cfg": {"input_size": [3, size, size]}}
    config = Config({"architecture": architecture, **told}, architecture)
    family = family_of(architecture, architecture)
    found = symbolically(shapes, family, *hugging_face_parts(family, config))
    text = json.dumps(sorted(found.items()))
    return [size, len(found), hashlib.sha256(text.encode()).hexdigest()]


def shapes(family, backbone, head):
    task = make(Task, head, backbone=make(Backbone, backbone), compile=False)
    found = [*family.weights(task.backbone), *family.head_weights(task)]
    blank = {one.name: [np.empty(x.shape, "bool") for x in one.variables] for one in found}
    return {one.name: list(one.join(blank[one.name]).shape) for one in found}


def test_every_architecture_is_one_that_timm_publishes():
    assert set(SHAPES) == set(architectures())


@pytest.mark.parametrize(
    ("case", "changes", "told"),
    [
        (
            "coatnet_0",
            {"architecture": "coatnet_0_rw_225"},
            "'coatnet_0_rw_225' is not supported. Did you mean 'coatnet_0_rw_224'?",
        ),
        ("coatnet_0", {"architecture": ["resnet50"]}, '["resnet50"] is not supported. '),
        ("coatnet_0", {"global_pool": "max"}, "global_pool: found 'max', only 'avg' is supported"),
        ("coatnet_0", {"head_norm": True}, "not supported for 'coatnet_0_224': head_norm = true"),
        ("resnet_0", {"label_names": ["a"]}, 'found ["a"], expected the names of 5 classes'),
        ("resnet_0", {"num_classes": 6}, "model_args: num_classes: found 5, only 6 is supported"),
        ("resnet_0", {"pretrained_cfg": []}, "pretrained_cfg: found [], expected an object"),
        ("resnet_2", {"layer_type": "basic"}, "found 'basic', only 'bottleneck' is supported"),
        ("resnet_2", {"hidden_act": "gelu"}, "hidden_act: found 'gelu', only 'relu' is supported"),
        ("resnet_2", {"depths": [1, 2]}, "depths: found [1, 2], expected 3 whole numbers"),
        ("vit_0", {"qkv_bias": False}, "qkv_bias: found false, only true is supported"),
        ("vit_0", {"id2label": {"0": "a", "7": "b"}}, "expected the names of 2 classes"),
        ("cvt_0", {"patch_padding": [3, 1, 1]}, "found [3, 1, 1], only [2, 1, 1] is supported"),
        ("cvt_0", {"cls_token": [True] * 3}, "only [false, false, true] is supported"),
        ("cvt_0", {"num_heads": [3, 2, 3]}, "found [3, 2, 3], expected divisors of the widths"),
        ("hugging_levit_0", {"key_dim": [4]}, "found [4], expected 3 whole numbers greater than 0"),
        ("hugging_mobilevit_0", {"expand_ratio": 1.5}, "found 1.5, expected a whole number"),
        ("hugging_mobilevit_0", {"output_stride": 16}, "found 16, only 32 is supported"),
        ("vit_hybrid_0", {"backbone_config": {"model_type": "resnet"}}, "only 'bit' is supported"),
    ],
)
def test_a_config_that_is_not_supported_is_refused(case, changes, told, tmp_path):
    with pytest.raises(ZooError) as wrong:
        load(write(tmp_path / "theirs", golden(case), **changes))
    assert told in str(wrong.value)


@pytest.mark.parametrize(
    ("case", "section", "changes", "told"),
    [
        ("resnet_0", "model_args", {"avg_down": True}, "not supported for 'resnet26': avg_down"),
        ("resnet_0", "model_args", {"channels": [8]}, "found [8], expected 4 whole numbers"),
        ("resnet_0", "model_args", {"base_width": 96}, "found 96, expected a divisor of 256"),
        ("coatnet_0", "model_args", {"depths": [1, 2, 0, 1]}, "expected 4 whole numbers greater"),
        ("hybrid_0", "model_args", {"num_heads": 5}, "expected a divisor of the hidden size 32"),
        ("hybrid_0", "model_args", {"img_size": "64"}, "img_size: found '64', expected a whole"),
        ("levit_0", "model_args", {"attn_ratio": 4}, "attn_ratio: found 4, only 2 is supported"),
        ("mobilevit_0", "model_args", {"stem_chs": 8}, "for 'mobilevit_xxs': stem_chs = 8"),
        ("hybrid_0", "pretrained_cfg", {"input_size": [3, 64, 32]}, "as many rows as columns"),
        ("hybrid_0", "pretrained_cfg", {"input_size": [3, 64]}, "expected 3 whole numbers greater"),
        ("hybrid_0", "pretrained_cfg", {"mean": ["a"]}, "expected a list of numbers"),
        ("hybrid_0", "pretrained_cfg", {"std": [0.5]}, "found 1, expected 3, one a channel"),
    ],
)
def test_what_a_config_says_of_a_model_is_read_strictly(case, section, changes, told, tmp_path):
    case = golden(case)
    said = json.loads(str(case["config"]))[section]
    with pytest.raises(ZooError) as wrong:
        load(write(tmp_path / "theirs", case, **{section: {**said, **changes}}))
    assert told in str(wrong.value)
    assert "config.json" in str(wrong.value)


def test_weights_that_are_missing_are_named(tmp_path):
    case = golden("coatnet_0")
    folder = write(tmp_path / "theirs", case)
    found = weights(case)
    found.pop("stages.2.blocks.1.attn.qkv.bias")
    save_file(found, folder / "model.safetensors")
    with pytest.raises(ZooError, match=r"theirs: lacks stages.2.blocks.1.attn.qkv.bias\."):
        load(folder)


@pytest.mark.parity
@pytest.mark.parametrize("architecture", SHAPES)
def test_it_reads_what_timm_writes(architecture, tmp_path, originals):
    """Every architecture as large as it is."""
    script = FOLDER.parent / "make_image_checkpoints.py"
    subprocess.run([originals, str(script), str(tmp_path), architecture], check=True)
    answers_as_the_original(checkpoints.golden(tmp_path / f"{architecture}.npz"), tmp_path)


def test_classes_that_are_none_leave_a_backbone(tmp_path):
    case = golden("vision_transformer_0")
    args = {**json.loads(str(case["config"]))["model_args"], "num_classes": 0}
    folder = write(tmp_path / "theirs", case, num_classes=0, model_args=args)
    kept = {name: x for name, x in weights(case).items() if not name.startswith("head.")}
    save_file(kept, folder / "model.safetensors")
    model = load(folder)
    assert model(pictures(model, case["x"])).shape == (2, 17, 32)
    save(model, "vit_base_patch32_224", tmp_path / "back")
    assert written(tmp_path / "back") == written(folder)


def test_names_of_classes_and_colours_come_along(tmp_path):
    _, task = written(write(tmp_path / "theirs", golden("resnet_0")))
    assert task["labels"] == ["a", "b", "c", "d", "e"]
    backbone, task = written(write(tmp_path / "theirs", golden("coatnet_0")))
    assert "labels" not in task
    assert "image_mean" not in backbone
    backbone, _ = written(write(tmp_path / "theirs", golden("botnet_0")))
    assert backbone["image_mean"] == [123.675, 116.28, 103.53]
    assert backbone["image_std"] == [58.395, 57.12, 57.375]


@pytest.mark.parametrize(
    ("case", "share"),
    [
        ("mobilevit_0", 0.9),
        ("coatnet_rw_0", 0.95),
        ("resnet_2", 0.875),
        ("hugging_levit_0", 0.875),
        ("hugging_mobilevit_0", 80 / 90),
        ("vit_0", None),
    ],
)
def test_how_much_of_a_picture_is_shown_comes_along(case, share, tmp_path):
    backbone, _ = written(write(tmp_path / "theirs", golden(case)))
    assert backbone.get("kept") == share


def test_pictures_that_are_not_cut_in_the_middle_are_refused(tmp_path):
    case = golden("levit_0")
    told = json.loads(str(case["config"]))["pretrained_cfg"]
    for changes, said in (
        ({"crop_mode": "squash"}, "crop_mode: found 'squash', only 'center' is supported"),
        ({"crop_pct": 1.2}, "crop_pct: found 1.2, expected a share of the sides"),
    ):
        with pytest.raises(ZooError, match=said):
            written(write(tmp_path / "theirs", case, pretrained_cfg={**told, **changes}))


def test_a_share_that_a_config_has_no_word_for_is_not_left_out(tmp_path):
    config = json.loads(str(golden("vit_0")["config"]))
    family = family_of("vit", "")
    asked, head = hugging_face_parts(family, Config(config, ""))
    model = make(Task, head, backbone=make(Backbone, {**asked, "kept": 0.75}))
    with pytest.raises(ZooError, match=r"cannot say all of this model:\n  backbone.kept"):
        save(model, "vit", tmp_path / "back")


def test_a_batching_of_files_shows_what_the_checkpoint_says(tmp_path):
    folder = write(tmp_path / "theirs", golden("resnet_2"))
    files = {"kind": "image_files", "height": 64, "width": 64, "labels": list("abcde")}
    shares = []
    for said in ({}, {"kept": 0.5}):
        tree = beginning(folder, {**files, "batch_size": 2, **said})
        (tmp_path / "begun.yaml").write_text(json.dumps(tree))
        shares.append(batching(load_recipe(str(tmp_path / "begun.yaml"))).kept)
    assert shares == [0.875, 0.5]


def test_what_hugging_face_says_beside_the_config_is_read(tmp_path):
    folder = write(tmp_path / "theirs", golden("resnet_2"))
    backbone, task = written(folder)
    assert backbone["image_size"] == 64
    assert backbone["image_mean"] == [123.675, 116.28, 103.53]
    assert "labels" not in task  # LABEL_0 and so on are none
    _, task = written(write(tmp_path / "labelled", golden("vit_0")))
    assert task["labels"] == ["a", "b", "c", "d", "e"]
    (folder / "preprocessor_config.json").write_text('{"do_normalize": false}')
    with pytest.raises(ZooError, match="beside it: do_normalize: found false, only true"):
        written(folder)


def test_a_preset_answers_like_the_folder_it_came_from(tmp_path):
    """Also in a process that has seen no model of pictures."""
    case = golden("resnet_0")
    model = zoo.load(write(tmp_path / "theirs", case))
    zoo.save(model, tmp_path / "ours")
    again, images = zoo.load(tmp_path / "ours"), pictures(model, case["x"])
    np.testing.assert_array_equal(again(images), model(images))
    assert again.labels == ["a", "b", "c", "d", "e"]
    fresh = f"import zoo; zoo.load({str(tmp_path / 'ours')!r})"
    subprocess.run([sys.executable, "-c", fresh], check=True)


def test_a_recipe_that_begins_with_a_folder_can_be_kept(tmp_path):
    """Stages of the same block are written out, each: recipes have no anchors."""
    folder = write(tmp_path / "theirs", golden("resnet_0"))
    sizes = {"height": 64, "width": 64, "labels": list("abcde"), "batch_size": 2}
    written = beginning(folder, {"kind": "images", **sizes})
    (tmp_path / "begun.yaml").write_text(json.dumps(written))
    recipe = load_recipe(str(tmp_path / "begun.yaml"))
    (tmp_path / "kept.yaml").write_text(recipe.to_yaml())
    kept = load_recipe(str(tmp_path / "kept.yaml"))
    assert kept.tree == recipe.tree
    assert kept.tree["model"]["task"]["labels"] == ["a", "b", "c", "d", "e"]
    assert len(kept.tree["model"]["stages"]) == 6


def beginning(folder, batching):
    """A recipe that begins with a folder."""
    constant = {"kind": "constant", "peak": 1e-3}
    return {
        "tokenizer": "bytes",
        "data": {"source": {"kind": "image_arrays", "path": "train.npz"}, "batching": batching},
        "model": {"checkpoint": str(folder)},
        "training": {"steps": 1, "optimizer": "adamw", "schedule": constant},
    }


@pytest.mark.parametrize(
    ("case", "architecture", "told"),
    [
        ("resnet_0", "coatnet_0_224", "coatnet_0_224 of timm is a model of another kind"),
        ("resnet_0", "botnet26t_256", r"cannot say all of this model:\n  backbone.stages.0.block."),
        ("coatnet_0", "vit_tiny_patch16_224", "vit_tiny_patch16_224 of timm is a model of another"),
        ("vision_transformer_0", "bert", "which this model has not"),
    ],
)
def test_a_model_of_another_kind_is_not_written(case, architecture, told, tmp_path):
    model = load(write(tmp_path / "theirs", golden(case)))
    with pytest.raises(ZooError, match=told):
        save(model, architecture, tmp_path / "back")
