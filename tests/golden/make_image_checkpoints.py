"""Small random checkpoints of image models of timm and of Hugging Face, and what they answer.

    pip install torch "timm==1.0.31" "transformers==4.35.2"
    python tests/golden/make_image_checkpoints.py tests/golden/image_checkpoints

Names behind the folder, of cases or of architectures as they are published, make those alone.

Each file holds the config that timm or transformers writes, all weights under `weights/`, pictures
`x` [batch, height, width, channels] as the model is given them, normalised, and the answer `out`.

`shapes.json` holds, of every architecture as it is published, how large pictures are, how many
arrays it has, and a digest of their names and shapes, in the order of the names.

Heads of 32 features and stems of 64 channels are given; all else is as small as it can be. timm's
MobileViT has one size: its weights repeat, so that they compress.
"""

import hashlib
import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import timm
import torch
import transformers
from arrays import case_arrays, noise
from make_vision import randomise
from timm.models._hub import save_config_for_hf

CLASSES, BATCH, GAIN = 5, 2, 2
COATNET = {"embed_dim": [32, 32, 32, 64], "depths": [1, 2, 2, 1], "img_size": 64}
VIT = {"embed_dim": 32, "depth": 2, "num_heads": 4, "img_size": 32}
FEWER = {"embed_dim": [8, 16, 16], "depth": [1, 1, 1]}
LEVIT = {"embed_dim": [16, 24, 32], "key_dim": 4, "num_heads": [2, 3, 4], "depth": [2, 1, 1]}
CASES = {
    "coatnet_0": ("coatnet_0_224", {**COATNET, "stem_width": 16, "head_hidden_size": 48}),
    "coatnet_rw_0": ("coatnet_0_rw_224", {**COATNET, "stem_width": [8, 16]}),
    "coatnet_rw_1": ("coatnet_nano_rw_224", {**COATNET, "stem_width": [8, 8]}),
    "botnet_0": ("botnet26t_256", {"width_factor": 0.125, "img_size": 64}),
    "resnet_0": ("resnet26", {"layers": [1, 2, 1, 1], "channels": [8, 16, 24, 32]}),
    "resnet_1": ("wide_resnet50_2", {"layers": [2, 1, 1, 1], "channels": [8, 8, 8, 16]}),
    "vision_transformer_0": ("vit_base_patch32_224", {**VIT, "patch_size": 8}),
    "vision_transformer_1": ("deit_tiny_patch16_224", {**VIT, "mlp_ratio": 2.0, "depth": 1}),
    "hybrid_0": ("vit_tiny_r_s16_p8_384", {**VIT, "depth": 1, "img_size": 64}),
    "levit_0": ("levit_128s", {**LEVIT, "img_size": 80}),
    "levit_1": ("levit_192", {**LEVIT, **FEWER, "distilled": False, "img_size": 80}),
    "mobilevit_0": ("mobilevit_xxs", {}),
}
WHOLE, PERIOD = {"mobilevit_0": 96}, 211
"""Cases that cannot be made smaller, and how large their pictures are; and after how many numbers
their weights repeat."""
READER = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
}
BIT = {
    "embedding_size": 32,
    "hidden_sizes": [128, 128],
    "depths": [1, 2],
    "layer_type": "bottleneck",
    "global_padding": "same",
    "embedding_dynamic_padding": True,
    "out_features": ["stage2"],
}
HYBRID = {**READER, "backbone_config": BIT, "backbone_featmap_shape": [1, 128, 8, 8]}
RESNET = {"embedding_size": 16, "hidden_sizes": [16, 32, 48], "depths": [1, 2, 1]}
CVT = {"embed_dim": [8, 16, 24], "num_heads": [1, 2, 3], "mlp_ratio": [2.0, 2.0, 4.0]}
CVT["depth"] = [1, 2, 3]
HUGGING_LEVIT = {
    "hidden_sizes": [16, 24, 32],
    "key_dim": [4, 4, 4],
    "num_attention_heads": [2, 3, 4],
    "depths": [2, 1, 1],
}
MOBILEVIT = {
    "hidden_sizes": [8, 16, 8],
    "neck_hidden_sizes": [8, 8, 8, 8, 16, 16, 24],
    "expand_ratio": 2.0,
    "num_attention_heads": 2,
}
THEIRS = {
    "resnet_2": ("ResNetForImageClassification", {**RESNET, "num_labels": CLASSES}, 64),
    "resnet_3": (
        "ResNetModel",
        {**RESNET, "downsample_in_first_stage": True, "num_channels": 1},
        64,
    ),
    "vit_0": (
        "ViTForImageClassification",
        {**READER, "patch_size": 8, "id2label": dict(enumerate("abcde"))},
        32,
    ),
    "vit_1": (
        "ViTModel",
        {
            **READER,
            "patch_size": 16,
            "num_hidden_layers": 1,
            "hidden_act": "relu",
            "layer_norm_eps": 1e-3,
        },
        32,
    ),
    "cvt_0": ("CvtForImageClassification", {**CVT, "num_labels": CLASSES}, 56),
    "cvt_1": ("CvtModel", {**CVT, "num_channels": 1}, 48),
    "hugging_levit_0": (
        "LevitForImageClassificationWithTeacher",
        {**HUGGING_LEVIT, "num_labels": CLASSES},
        80,
    ),
    "hugging_levit_1": (
        "LevitForImageClassification",
        {**HUGGING_LEVIT, "hidden_sizes": [8, 16, 16], "depths": [1, 1, 1]},
        80,
    ),
    "hugging_mobilevit_0": (
        "MobileViTForImageClassification",
        {**MOBILEVIT, "num_labels": CLASSES},
        80,
    ),
    "vit_hybrid_0": ("ViTHybridForImageClassification", {**HYBRID, "num_labels": CLASSES}, 64),
}
"""Hugging Face's: the class, what it is made with, and how large pictures are."""
ARCHITECTURES = "|".join(
    (
        r"coatnet_[0-5]_224|coatnet_(pico|nano|[0-2])_rw_224",
        r"botnet(26t|50ts)_256|resnet(26|50|101|152|200)|wide_resnet(50|101)_2",
        r"vit_(tiny|small|base|large|huge)_patch\d+_\d+|deit_(tiny|small|base)_patch16_\d+",
        r"vit_(tiny|small|base|large)_r(_s16_p8|26_s32|50_s16|50_s32)_\d+",
        r"levit_(128s?|192|256|384)|mobilevit_(xxs|xs|s)",
    )
)
COLOURS = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


def config_of(model, **wanted):
    """The config that timm writes."""
    with tempfile.TemporaryDirectory() as folder:
        save_config_for_hf(model, Path(folder) / "config.json", **wanted)
        return json.loads((Path(folder) / "config.json").read_text())


def weights_of(model):
    state = model.state_dict().items()
    return {name: value for name, value in state if value.dtype == torch.float32}


def gain(named):
    """What keeps a signal as large as it is; less where many sums would make it grow."""
    return 1 if named.startswith("levit") else GAIN


def timm_case(name, architecture, args):
    rng = np.random.default_rng(sum(map(ord, name)))
    channels = 1 if name == "vision_transformer_1" else 3
    model = timm.create_model(architecture, num_classes=CLASSES, in_chans=channels, **args)
    randomise(model, rng, gain(architecture))
    if name in WHOLE:
        for value in model.parameters():
            few = value.data.numpy().ravel()[:PERIOD]
            value.data = torch.from_numpy(np.resize(few, value.shape))
    published = model.pretrained_cfg["input_size"][1]
    size = args.get("img_size") or WHOLE.get(name) or (64 if args else published)
    data = {"input_size": (channels, size, size)}
    if channels == 3 and name not in ("coatnet_0", "mobilevit_0"):
        data |= COLOURS
    labels = {"label_names": list("abcde")} if name == "resnet_0" else {}
    config = config_of(model, model_args=args, data_config=data, model_config=labels)
    x = noise(rng, BATCH, size, size, channels)
    with torch.no_grad():
        out = model.eval()(torch.from_numpy(x).permute(0, 3, 1, 2))
    return case_arrays(config, weights_of(model), x=x, out=out.numpy())


def hugging_face_case(name, kind, fields, size):
    rng = np.random.default_rng(sum(map(ord, name)))
    kind = getattr(transformers, kind)
    named = kind.config_class.model_type
    sized = {} if named in ("resnet", "cvt") else {"image_size": size}
    model = kind(kind.config_class(**fields, **sized)).eval()
    randomise(model, rng, gain(named))
    x = noise(rng, BATCH, size, size, model.config.num_channels)
    seen = x[..., ::-1].copy() if named == "mobilevit" else x  # blue first
    with torch.no_grad():
        out = model(torch.from_numpy(seen).permute(0, 3, 1, 2))
    if hasattr(out, "cls_token_value"):
        cut = out.last_hidden_state.flatten(2).transpose(1, 2)
        out.last_hidden_state = torch.cat([out.cls_token_value, cut], dim=1)
    out = out.logits if hasattr(out, "logits") else out.last_hidden_state
    out = out.permute(0, 2, 3, 1).flatten(1, 2) if out.ndim == 4 else out
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        config = json.loads((Path(folder) / "config.json").read_text())
    said = np.array(prepared(named, model.config.num_channels, size).to_json_string())
    arrays = case_arrays(config, weights_of(model), x=x, out=out.numpy())
    return {**arrays, "preprocessor": said}


def prepared(named, channels, size):
    """How pictures are prepared for a type of model."""
    colours = {f"image_{name}": value for name, value in COLOURS.items()}
    square = {"height": size, "width": size}
    if named in ("resnet", "cvt") and channels == 3:
        return transformers.ConvNextImageProcessor(size={"shortest_edge": size}, **colours)
    if named == "levit":
        shortest = {"shortest_edge": size}
        return transformers.LevitImageProcessor(size=shortest, crop_size=square, **colours)
    if named == "mobilevit":
        shortest = {"shortest_edge": size * 9 // 8}
        return transformers.MobileViTImageProcessor(size=shortest, crop_size=square)
    half = {"image_mean": [0.5] * channels, "image_std": [0.5] * channels}
    return transformers.ViTImageProcessor(**half, size=square)


def shapes_of(architecture):
    with torch.device("meta"):
        model = timm.create_model(architecture, num_classes=1000)
    found = {name: list(value.shape) for name, value in weights_of(model).items()}
    text = json.dumps(sorted(found.items()))
    size = model.pretrained_cfg["input_size"][1]
    return [size, len(found), hashlib.sha256(text.encode()).hexdigest()]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    if not sys.argv[2:]:
        names = [name for name in timm.list_models() if re.fullmatch(ARCHITECTURES, name)]
        shapes = {name: shapes_of(name) for name in names}
        (folder / "shapes.json").write_text(json.dumps(shapes, indent=0) + "\n")
    for name in sys.argv[2:] or [*CASES, *THEIRS]:
        if name in THEIRS:
            arrays = hugging_face_case(name, *THEIRS[name])
        else:
            arrays = timm_case(name, *CASES.get(name, (name, {})))
        np.savez_compressed(folder / f"{name}.npz", **arrays)
        print(name, (folder / f"{name}.npz").stat().st_size)
