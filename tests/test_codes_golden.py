"""Autoencoders, their codebook and their judges are those of taming-transformers and of DALL-E."""

import json
from pathlib import Path

import numpy as np
import pytest
from golden.arrays import drawn
from keras import ops
from safetensors.numpy import load_file, save_file

from zoo.codebooks.nearest import Nearest
from zoo.convert.families import Family
from zoo.convert.families._codes import Coded
from zoo.convert.folder import load, save
from zoo.core.kinds import find, kinds
from zoo.critics.patches import Patches
from zoo.perception.lpips import Lpips

GOLDEN = np.load(Path(__file__).parent / "golden" / "codes.npz")
CASES = ("dvae_0", "vqgan_0")


def golden(case):
    return {n.partition("/")[2]: GOLDEN[n] for n in GOLDEN if n.startswith(f"{case}/")}


def weights(case):
    return {name: drawn(name, shape) for name, shape in json.loads(str(case["shapes"])).items()}


def write(folder, case):
    """A folder with what the original was made with, and its weights."""
    folder.mkdir()
    (folder / "config.json").write_text(str(case["config"]))
    save_file(weights(case), folder / "model.safetensors")
    return folder


def test_every_such_family_has_a_case():
    families = {kind: find(Family.shelf, kind) for kind in kinds(Family.shelf)}
    coded = {kind for kind, family in families.items() if issubclass(family, Coded)}
    assert {case.removesuffix("_0") for case in CASES} == coded


@pytest.mark.parametrize("name", CASES)
def test_an_autoencoder_answers_as_the_original_and_goes_back_as_it_came(name, tmp_path):
    case = golden(name)
    model = load(write(tmp_path / "theirs", case))
    codes = model.backbone.codes(case["x"])
    np.testing.assert_array_equal(codes, case["codes"])
    assert len(np.unique(codes)) > 1
    told = model.backbone.rebuild(ops.convert_to_tensor(case["x"])).told
    if "told" in case:
        np.testing.assert_allclose(told, case["told"], rtol=1e-4, atol=1e-4)
    ends = (0, 1) if "told" in case else (-np.inf, np.inf)  # of DALL-E they are cut off
    seen = np.clip(model.backbone.seen(told), *ends)
    np.testing.assert_allclose(seen, case["out"] / 255, rtol=1e-4, atol=1e-4)
    save(model, name.removesuffix("_0"), tmp_path / "back")
    back, theirs = load_file(tmp_path / "back" / "model.safetensors"), weights(case)
    assert set(back) == set(theirs)
    for one, array in back.items():
        np.testing.assert_array_equal(array, theirs[one], err_msg=one)
    again = load(tmp_path / "back")
    np.testing.assert_array_equal(again({"images": case["x"]}), model({"images": case["x"]}))


@pytest.mark.parametrize("weighs", ["codebook", "commitment"])
def test_a_codebook_loses_what_the_original_loses(weighs):
    case = golden("quantiser")
    made = Nearest(num_codes=6, code_dim=4, beta=0.25, beta_weighs=weighs)
    made.build(case["z"].shape)
    made.embeddings.assign(case["table"])
    found = made(case["z"])
    np.testing.assert_array_equal(found.codes, case["codes"])
    np.testing.assert_allclose(found.hidden, case["read"], atol=1e-6)
    np.testing.assert_allclose(found.loss, case[f"loss_{weighs}"], rtol=1e-5)


def test_a_critic_scores_as_the_original_in_training():
    case = golden("critic")
    made, theirs = Patches(**json.loads(str(case["config"]))), weights(case)
    made.build(case["x"].shape)
    convs, norms = [*made.convs, made.score], [one for one in made.norms if one]
    for place, conv in zip((0, 2, 5, 8), convs):
        conv.kernel.assign(theirs[f"main.{place}.weight"].transpose(2, 3, 1, 0))
        if conv.use_bias:
            conv.bias.assign(theirs[f"main.{place}.bias"])
    for place, norm in zip((3, 6), norms):
        norm.gamma.assign(theirs[f"main.{place}.weight"])
        norm.beta.assign(theirs[f"main.{place}.bias"])
    scores = made(case["x"], training=True)
    np.testing.assert_allclose(scores, case["out"], rtol=1e-4, atol=1e-4)


def test_lpips_sees_what_the_original_sees(tmp_path):
    case = golden("lpips")
    held = {name: np.abs(x) if "lin" in name else x for name, x in weights(case).items()}
    for part in ("features", "lin"):
        own = {name: x for name, x in held.items() if name.startswith(part)}
        save_file(own, tmp_path / f"{part}.safetensors")
    made = Lpips(*(str(tmp_path / f"{part}.safetensors") for part in ("features", "lin")))
    found = made((case["one"] + 1) / 2, (case["other"] + 1) / 2)
    np.testing.assert_allclose(found, case["out"], rtol=1e-4)
    assert not made.trainable_variables
