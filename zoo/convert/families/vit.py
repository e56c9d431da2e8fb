"""Vision Transformers (Dosovitskiy et al. 2021)."""

from zoo.convert import images
from zoo.convert.config import name_of
from zoo.convert.families._image import Image, layer
from zoo.convert.image_weights import in_one
from zoo.convert.weights import convolution, norm, same


class Vit(Image):
    prefix = "vit."
    heads = {"ViTForImageClassification": "image_classifier", "ViTModel": ""}
    unread = (r"pooler\.dense\..*", r"embeddings\.mask_token")
    processor = "ViTImageProcessor"
    patch_size = 16
    """Where the config does not say."""

    def backbone(self, config):
        config.must("qkv_bias", True)
        config.unused("encoder_stride")  # of another head
        config.unused("pooler_")
        size, patch = config.size("image_size", 224), config.size("patch_size", self.patch_size)
        hidden = config.size("hidden_size", 768)
        heads, _ = config.heads("num_attention_heads", 12, hidden)
        looked = self.stages(config)
        reader = images.vision_transformer(
            hidden,
            config.size("num_hidden_layers", 12),
            heads,
            config.size("intermediate_size", 3072),
            self.side(looked, size, patch) ** 2,
            epsilon=config.take("layer_norm_eps", 1e-12),
            activation=config.activation("hidden_act", "gelu"),
            dropout=config.take("hidden_dropout_prob", 0.0),
            attention_dropout=config.take("attention_probs_dropout_prob", 0.0),
        )
        written = {"kind": "conv_attention", "image_size": size, **self.seen(config)}
        return {**written, "stages": [*looked, images.patches(patch, hidden)], **reader}

    def task(self, config, kind):
        return {**super().task(config, kind), "pooling": "first"}

    def stages(self, config):
        """What looks at a picture before it is cut."""
        return []

    def side(self, looked, size, patch):
        """How many rows of patches a picture has."""
        return size // patch

    def fields(self, backbone, task):
        block, patch = backbone["blocks"][0], backbone["stages"][-1]
        attention, feed_forward = block["attention"], block["feed_forward"]
        return {
            **super().fields(backbone, task),
            "image_size": backbone["image_size"],
            "patch_size": patch["strides"],
            "hidden_size": patch["hidden_dim"],
            "num_hidden_layers": backbone["num_layers"],
            "num_attention_heads": attention["num_heads"],
            "intermediate_size": feed_forward["intermediate_dim"],
            "hidden_act": name_of(feed_forward["activation"]),
            "hidden_dropout_prob": backbone["dropout"],
            "attention_probs_dropout_prob": attention["dropout"],
            "layer_norm_eps": backbone["layer_norm_epsilon"],
            "qkv_bias": True,
        }

    def weights(self, backbone):
        inside = f"{self.prefix}embeddings."
        yield same(f"{inside}cls_token", backbone.start.token)
        yield in_one(f"{inside}position_embeddings", backbone.position.embeddings)
        patches = backbone.image_layers[-1].conv
        yield from convolution(f"{inside}patch_embeddings.projection", patches)
        for number, block in enumerate(backbone.transformer_layers):
            yield from layer(f"{self.prefix}encoder.layer.{number}.", block)
        yield from norm(f"{self.prefix}layernorm", backbone.output_norm)
