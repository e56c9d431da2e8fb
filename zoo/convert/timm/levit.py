"""LeViT (Graham et al. 2021), with projections that are no convolutions."""

from zoo.convert import _levit
from zoo.convert._levit import EXPANSION, RATIO, STEM, Called
from zoo.convert.image_weights import convolved, in_stages
from zoo.convert.timm import Timm

SIZES = {
    "levit_128s": ([128, 256, 384], 16, [4, 6, 8], [2, 3, 4]),
    "levit_128": ([128, 256, 384], 16, [4, 8, 12], [4, 4, 4]),
    "levit_192": ([192, 288, 384], 32, [3, 5, 6], [4, 4, 4]),
    "levit_256": ([256, 384, 512], 32, [4, 6, 8], [4, 4, 4]),
    "levit_384": ([384, 512, 768], 32, [6, 9, 12], [4, 4, 4]),
}
NAMES = ("embed_dim", "key_dim", "num_heads", "depth")
CALLED = Called("bn", "q.ln", "kv", "qkv", "proj.ln")
HEADS = ("head", "head_dist")


class Levit(Timm):
    models = {name: dict(zip(NAMES, sizes)) for name, sizes in SIZES.items()}
    classifier = [f"{name}.linear" for name in HEADS]
    unread = (*Timm.unread, r"attention_bias_idxs")

    def model(self, args, size):
        widths, key = args.sizes("embed_dim", []), args.size("key_dim", 64)
        number = len(widths)
        heads, depths = (args.sizes(name, [], number) for name in ("num_heads", "depth"))
        for name, only in (("attn_ratio", RATIO), ("mlp_ratio", EXPANSION)):
            args.must(name, only)
        each = [[one] * number for one in (key, RATIO, EXPANSION)]
        return {"stages": _levit.stages(widths, each[0], heads, depths, *each[1:])}

    def head(self, args):
        return _levit.head(2 if args.take("distilled", True) else 1)

    def args(self, backbone, task):
        widths, keys, heads, depths, *_ = _levit.sizes(backbone)
        distilled = {} if task.get("num_heads", 2) == 2 else {"distilled": False}
        return {**dict(zip(NAMES, (widths, keys[0], heads, depths))), **distilled}

    def weights(self, backbone):
        layers = backbone.image_layers
        for number, one in enumerate(layers[:STEM], 1):
            name = f"stem.conv{number}."
            yield from convolved((f"{name}linear", f"{name}bn"), one.conv, one.conv_norm)
        for name, block in in_stages(layers[STEM:], "{} {}"):
            stage, layer = map(int, name.split())
            yield from self.attends(f"stages.{stage}.", layer, stage > 0, block)

    def attends(self, stage, layer, shrinks, block):
        """A block; the first of a stage that shrinks pictures does so, and is none of its
        `blocks`."""
        last = "attn."
        if block.strides > 1:
            name, last = f"{stage}downsample.", "attn_downsample."
        else:
            name = f"{stage}blocks.{layer - shrinks}."
        fed = (f"{name}mlp.ln1", f"{name}mlp.ln2")
        yield from _levit.attends(block, f"{name}{last}", fed, CALLED)

    def head_weights(self, task):
        yield from _levit.head_weights(task, HEADS, "bn")
