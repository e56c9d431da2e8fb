"""LeViT (Graham et al. 2021)."""

from zoo.convert import _levit
from zoo.convert._levit import STEM, Called
from zoo.convert.families._image import Image
from zoo.convert.image_weights import convolved, in_stages
from zoo.convert.images import IMAGENET

CALLED = Called("batch_norm", "queries", "keys_values", "queries_keys_values", "projection")
HEADS = ("classifier", "classifier_distill")
NAMES = ("hidden_sizes", "key_dim", "num_attention_heads", "depths", "attention_ratio", "mlp_ratio")
USUAL = ([128, 256, 384], [16] * 3, [4, 8, 12], [4] * 3, [2] * 3, [2] * 3)
ALONE = "LevitForImageClassification"
"""What has one head; the usual one has a second, for what a teacher says."""
STEPS = {"kernel_size": 3, "stride": 2, "padding": 1, "patch_size": 16}
"""How the stem convolves."""


class Levit(Image):
    prefix = "levit."
    heads = {
        "LevitForImageClassificationWithTeacher": "image_classifier",
        ALONE: "image_classifier",
        "LevitModel": "",
    }
    unread = (r"num_batches_tracked", r"attention_bias_idxs")
    processor = "LevitImageProcessor"
    usual = IMAGENET

    def backbone(self, config):
        for name, only in STEPS.items():
            config.must(name, only)
        config.unused("down_ops")  # follows from the rest
        number = len(config.sizes(NAMES[0], USUAL[0]))
        sizes = [config.sizes(name, usual, number) for name, usual in zip(NAMES, USUAL)]
        written = {"kind": "conv_attention", "image_size": config.size("image_size", 224)}
        return {**written, "stages": _levit.stages(*sizes), **self.seen(config)}

    def task(self, config, kind):
        taught = ALONE not in config.fields["architectures"]
        return {**super().task(config, kind), **_levit.head(1 + taught)}

    def fields(self, backbone, task):
        alone = {"architectures": [ALONE]} if task.get("num_heads") == 1 else {}
        return {
            **super().fields(backbone, task),
            **alone,
            "image_size": backbone["image_size"],
            **dict(zip(NAMES, _levit.sizes(backbone))),
            **STEPS,
        }

    def weights(self, backbone):
        layers = backbone.image_layers
        for number, one in enumerate(layers[:STEM], 1):
            name = f"{self.prefix}patch_embeddings.embedding_layer_{number}."
            names = (f"{name}convolution", f"{name}batch_norm")
            yield from convolved(names, one.conv, one.conv_norm)
        place = 0
        for name, block in in_stages(layers[STEM:], "{} {}"):
            stage, layer = map(int, name.split())
            smaller = block.strides > 1  # which ends the stage before
            place = 0 if stage and layer == 1 else place
            within = f"{self.prefix}encoder.stages.{stage - smaller}.layers."
            looks = f"{within}{place}." + "module." * (not smaller)
            fed = f"{within}{place + 1}.module.linear_"
            yield from _levit.attends(block, looks, (f"{fed}up", f"{fed}down"), CALLED)
            place += 2

    def head_weights(self, task):
        yield from _levit.head_weights(task, HEADS, "batch_norm")
