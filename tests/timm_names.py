"""Which weight of timm's image models, and of transformers' CvT, is which of ours."""

from zoo.convert._hugging_face import family_of
from zoo.convert.image_weights import in_stages, normal, side_by_side
from zoo.convert.weights import same


def of(name):
    """The names of an architecture, for models of other sizes too."""
    family = family_of(name, "")

    def weights(task):
        yield from family.weights(task.backbone)
        yield from family.head_weights(task)

    return weights


coatnet = of("coatnet_0_224")
resnet = of("resnet50")
hybrid = of("vit_base_r50_s16_224")
vit = of("vit_base_patch16_224")
mobilevit = of("mobilevit_s")
levit = of("levit_128s")
cvt = of("cvt")


def botnet(task):
    """Attention in the place of a convolution of a ResNet, as the golden case has it."""
    yield from resnet(task)
    for name, block in in_stages(task.backbone.image_layers[2:], "layer{}.{}.", 1):
        if not block.attention:
            continue
        around = f"{name}conv2.attention."
        yield from side_by_side(f"{around}qkv", block.attention)
        for axis, table in (("height", "down"), ("width", "right")):
            yield same(f"{around}pos_embed.{axis}_rel", getattr(block.attention.position, table))
        yield from normal(f"{name}bn2", block.middle_norm)
