"""DETR (Carion et al. 2020) over a ResNet, which Hugging Face has of its own, or of timm."""

import re
from typing import Any

from zoo.convert.config import Config, name_of
from zoo.convert.families import resnet
from zoo.convert.families._image import Image
from zoo.convert.families._seq2seq import layers
from zoo.convert.images import IMAGENET, convolution, stage
from zoo.convert.timm.resnet import LAYERS
from zoo.convert.weights import convolution as convolved
from zoo.convert.weights import linear, norm, same

FROZEN, STEM = "frozen_batch_norm", 64
INSIDE = "model.backbone.conv_encoder.model."
"""Before the weights of the ResNet."""
OURS = {
    r"^conv1\.": "embedder.embedder.convolution.",
    r"^bn1\.": "embedder.embedder.normalization.",
    r"^layer(\d)\.": "encoder.stages.{}.layers.",
    r"\.downsample\.0\.": ".shortcut.convolution.",
    r"\.downsample\.1\.": ".shortcut.normalization.",
    r"\.conv(\d)\.": ".layer.{}.convolution.",
    r"\.bn(\d)\.": ".layer.{}.normalization.",
}
"""What timm calls parts of a ResNet, counted from 1; Hugging Face counts from 0."""
UNUSED = (
    *("auxiliary_loss", "classifier_dropout", "dice_loss_coefficient", "init_xavier_std"),
    *("mask_loss_coefficient", "max_position_embeddings", "num_hidden_layers", "use_pretrained"),
)
WIDE = 256
EPSILON = 1e-5


class Detr(Image):
    heads = {"DetrForObjectDetection": "object_detector"}
    unread = (r"num_batches_tracked",)
    processor = "DetrImageProcessor"
    usual = IMAGENET
    unsaid = frozenset({"stochastic_depth"})

    def backbone(self, config):
        for name in UNUSED:
            config.unused(name)
        config.must("is_encoder_decoder", True)
        config.must("position_embedding_type", "sine")
        config.must("scale_embedding", False)
        wide = config.size("d_model", WIDE)
        last = {**convolution(1), "use_bias": True}
        queries = config.size("num_queries", 100)
        sines = {"kind": "every_layer", "position": "sinusoidal_2d"}
        learned = {"kind": "learned", "max_sequence_length": queries, "initializer_range": 1.0}
        asked = {"kind": "every_layer", "position": learned}
        reads = self.block(config, "encoder", wide, sines)
        asks = self.block(config, "decoder", wide, asked)
        looks = {**asks["attention"], "kind": "cross", "source_position": sines}
        del looks["pattern"]
        encoder = {
            "kind": "conv_attention",
            "image_size": self.size(config),
            "stages": [*self.stages(config), stage(last, wide)],
            "num_layers": config.size("encoder_layers", 6),
            "blocks": {**reads, "kind": "post_norm"},
            **self.seen(config),
        }
        return {
            "kind": "image_encoder_decoder",
            "encoder": encoder,
            "num_queries": queries,
            "num_layers": config.size("decoder_layers", 6),
            "blocks": {**asks, "kind": "cross_post_norm", "cross_attention": looks},
        }

    def stages(self, config: Config) -> list[dict[str, Any]]:
        """The ResNet that looks at a picture."""
        if config.take("use_timm_backbone", True):
            config.must("dilation", False)
            config.must("backbone_config", None)
            depths = config.among("backbone", "resnet50", LAYERS)
            return resnet.laid_out(STEM, resnet.WIDTHS, depths, norm=FROZEN)
        for name in ("backbone", "dilation"):
            config.must(name, None)
        said = config.take("backbone_config", {})
        inside = Config(said, f"{config.place}: backbone_config")
        inside.must("model_type", "resnet")
        inside.must("num_channels", config.fields.get("num_channels", 3))
        for name in ("chunk_size_feed_forward", "tie_word_embeddings"):
            inside.unused(name)  # of other models
        found = resnet.stages(inside, FROZEN)
        inside.must("out_features", [f"stage{len(found) - 2}"])
        inside.finish()
        return found

    def block(self, config: Config, side: str, wide: int, position: Any) -> dict[str, Any]:
        """What a stack repeats."""
        heads, size = config.heads(f"{side}_attention_heads", 8, wide)
        config.must(f"{side}_layerdrop", 0.0)
        looks = {"kind": "multi_head", "num_heads": heads, "head_dim": size, "pattern": "full"}
        dropout = config.take("attention_dropout", 0.0)
        return {
            "dropout": config.take("dropout", 0.1),
            "layer_norm_epsilon": EPSILON,
            "attention": {**looks, "dropout": dropout, "position": position},
            "feed_forward": {
                "kind": "plain",
                "intermediate_dim": config.size(f"{side}_ffn_dim", 2048),
                "activation": config.activation("activation_function", "relu"),
                "dropout": config.take("activation_dropout", 0.0),
            },
        }

    def task(self, config, kind):
        weights = {
            "class_weight": config.take("class_cost", 1.0),
            "distance_weight": config.take("bbox_cost", 5.0),
            "overlap_weight": config.take("giou_cost", 2.0),
            "no_object_weight": config.take("eos_coefficient", 0.1),
        }
        config.must("bbox_loss_coefficient", weights["distance_weight"])
        config.must("giou_loss_coefficient", weights["overlap_weight"])
        return {**self.classes(config), **weights}

    def fields(self, backbone, task):
        encoder = backbone["encoder"]
        *looked, last = encoder["stages"]
        sides = {"encoder": encoder, "decoder": backbone}
        block = backbone["blocks"][0]
        found = super().fields(encoder, task)
        inside = {"model_type": "resnet", "num_channels": encoder["num_channels"]}
        inside |= {"out_features": [f"stage{len(looked) - 2}"], **resnet.fields(looked)}
        for side, stack in sides.items():
            one = stack["blocks"][0]
            found |= {
                f"{side}_layers": stack["num_layers"],
                f"{side}_attention_heads": one["attention"]["num_heads"],
                f"{side}_ffn_dim": one["feed_forward"]["intermediate_dim"],
                f"{side}_layerdrop": 0.0,
            }
        return {
            **found,
            "use_timm_backbone": False,
            "backbone_config": inside,
            "is_encoder_decoder": True,
            "d_model": last["hidden_dim"],
            "num_queries": backbone["num_queries"],
            "position_embedding_type": "sine",
            "activation_function": name_of(block["feed_forward"]["activation"]),
            "dropout": block["dropout"],
            "attention_dropout": block["attention"]["dropout"],
            "activation_dropout": block["feed_forward"]["dropout"],
            "class_cost": task["class_weight"],
            "bbox_cost": task["distance_weight"],
            "bbox_loss_coefficient": task["distance_weight"],
            "giou_cost": task["overlap_weight"],
            "giou_loss_coefficient": task["overlap_weight"],
            "eos_coefficient": task["no_object_weight"],
        }

    def beside(self, backbone):
        return super().beside(backbone["encoder"])

    def renamed(self, name):
        if not name.startswith(INSIDE):
            return name
        inside = name.removeprefix(INSIDE)
        for theirs, ours in OURS.items():
            inside = re.sub(theirs, lambda found, ours=ours: ours.format(*counted(found)), inside)
        return INSIDE + inside

    def weights(self, backbone):
        *looked, last = backbone.encoder.image_layers
        yield from resnet.weights(INSIDE, looked)
        yield from convolved("model.input_projection", last.conv)
        first = backbone.transformer_layers[0].attention.position
        yield same("model.query_position_embeddings.weight", first.own().embeddings)
        yield from layers("encoder", backbone.encoder)
        yield from layers("decoder", backbone)
        yield from norm("model.decoder.layernorm", backbone.output_norm)

    def head_weights(self, task):
        yield from linear("class_labels_classifier", task.class_dense)
        for number, dense in enumerate(task.box_layers):
            yield from linear(f"bbox_predictor.layers.{number}", dense)


def counted(found: re.Match[str]) -> list[int]:
    """The numbers in a name, from 0."""
    return [int(number) - 1 for number in found.groups()]
