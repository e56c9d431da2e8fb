"""Vision Transformers (Dosovitskiy et al. 2021), and DeiT (Touvron et al. 2021), which are made
alike."""

from zoo.convert import images
from zoo.convert.image_weights import in_one, layer
from zoo.convert.timm import Timm
from zoo.convert.weights import convolution, linear, norm, same

WIDTHS = {
    "tiny": (192, 12, 3),
    "small": (384, 12, 6),
    "base": (768, 12, 12),
    "large": (1024, 24, 16),
}
WIDTHS["huge"] = (1280, 32, 16)
NAMES = (
    *("vit_tiny_patch16_224", "vit_tiny_patch16_384", "vit_small_patch32_224"),
    *("vit_small_patch32_384", "vit_small_patch16_224", "vit_small_patch16_384"),
    *("vit_small_patch8_224", "vit_base_patch32_224", "vit_base_patch32_384"),
    *("vit_base_patch16_224", "vit_base_patch16_384", "vit_base_patch8_224"),
    *("vit_large_patch32_224", "vit_large_patch32_384", "vit_large_patch16_224"),
    *("vit_large_patch16_384", "vit_large_patch14_224", "vit_huge_patch14_224"),
    *("deit_tiny_patch16_224", "deit_small_patch16_224"),
    *("deit_base_patch16_224", "deit_base_patch16_384"),
)


def sizes(width: str, patch: int) -> dict[str, int]:
    """With which arguments a model of a width is made."""
    names = ("embed_dim", "depth", "num_heads")
    return {"patch_size": patch, **dict(zip(names, WIDTHS[width]))}


def named(name: str) -> dict[str, int]:
    """`vit_tiny_patch16_224` -> with which arguments it is made."""
    _, width, patch, _ = name.split("_")
    return sizes(width, int(patch.removeprefix("patch")))


class VisionTransformer(Timm):
    models = {name: named(name) for name in NAMES}
    pooling = "token"

    def model(self, args, size):
        patch, hidden = args.size("patch_size", 16), args.size("embed_dim", 768)
        looked = self.stages(args, patch)
        return {"stages": [*looked, images.patches(patch, hidden)], **self.reader(args, size)}

    def stages(self, args, patch):
        """What looks at a picture before it is cut."""
        return []

    def side(self, size, patch):
        """How many rows of patches a picture has."""
        return size // patch

    def reader(self, args, size):
        """What reads the patches."""
        hidden = args.size("embed_dim", 768)
        heads, _ = args.heads("num_heads", 12, hidden)
        places = self.side(size, args.size("patch_size", 16)) ** 2
        wide = int(hidden * args.take("mlp_ratio", 4.0))
        return images.vision_transformer(hidden, args.size("depth", 12), heads, wide, places)

    def head(self, args):
        return {"pooling": "first"}

    def args(self, backbone, task):
        block, stage = backbone["blocks"][0], backbone["stages"][-1]
        hidden = stage["hidden_dim"]
        wide = block["feed_forward"]["intermediate_dim"]
        return {
            "patch_size": stage["strides"],
            "embed_dim": hidden,
            "depth": backbone["num_layers"],
            "num_heads": block["attention"]["num_heads"],
            **({} if wide == 4 * hidden else {"mlp_ratio": wide / hidden}),
        }

    def weights(self, backbone):
        yield same("cls_token", backbone.start.token)
        yield in_one("pos_embed", backbone.position.embeddings)
        yield from convolution("patch_embed.proj", backbone.image_layers[-1].conv)
        for number, block in enumerate(backbone.transformer_layers):
            yield from layer(f"blocks.{number}.", block)
        yield from norm("norm", backbone.output_norm)

    def head_weights(self, task):
        yield from linear("head", task.output_dense)
