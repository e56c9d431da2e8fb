"""What image models of Hugging Face share: colours, sizes and classes, and where they are said."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from zoo.convert import images
from zoo.convert.config import Config
from zoo.convert.families import Family, _processors
from zoo.convert.image_weights import fed
from zoo.convert.weights import Weight, linear, norm

RESCALE = 1 / images.WHITE


class Image(Family):
    """A model that says which class a picture is of. How pictures are prepared stands in a file
    beside the config."""

    unsaid = frozenset({"dropout", "stochastic_depth"})
    usual: ClassVar[tuple[list, list]] = (images.HALF, images.HALF)
    """The mean and deviation of colours where that file is missing."""
    processor: ClassVar[str] = ""
    classifier: ClassVar[str] = "classifier"

    def seen(self, config: Config) -> dict[str, Any]:
        """The colours and the channels of pictures, and how much of them is shown."""
        told, channels = self.told(config), config.size("num_channels", 3)
        told.must("do_normalize", True)
        told.must("do_rescale", True)
        told.must("rescale_factor", RESCALE)
        found = images.colours(told, "image_mean", "image_std", self.usual)
        found |= _processors.shown(told)
        return found if channels == 3 else {"num_channels": channels, **found}

    def size(self, config: Config) -> int:
        """How large pictures are where the config does not say it."""
        return _processors.shortest(self.told(config))

    def told(self, config: Config) -> Config:
        """What the file beside a config says."""
        return Config(config.beside, f"{config.place}, beside it")

    def task(self, config, kind):
        return {**self.classes(config), "dropout": 0.0}

    def classes(self, config: Config) -> dict[str, Any]:
        """How many classes there are, and their names where they are known."""
        named = config.take("id2label", {})
        number = len(named) or config.size("num_labels", 2)
        found = images.labels(config, "id2label", number)
        if all(re.fullmatch(r"LABEL_\d+", one) for one in found.get("labels", [])):
            found = {}
        return {"num_classes": number, **found}

    def named(self, kind, place):
        found = super().named(kind, place)
        return {**found, "model_type": found["model_type"].replace("_", "-")}

    def fields(self, backbone, task):
        number = task.get("num_classes", 0)
        names = task.get("labels") or [f"LABEL_{place}" for place in range(number)]
        labels = {str(place): name for place, name in enumerate(names)}
        turned = {name: int(place) for place, name in labels.items()}
        named = {"id2label": labels, "label2id": turned} if labels else {}
        return {"num_channels": backbone["num_channels"], **named}

    def beside(self, backbone):
        size = backbone["image_size"]
        return {
            "image_processor_type": self.processor,
            "do_normalize": True,
            "do_rescale": True,
            "rescale_factor": RESCALE,
            "image_mean": images.from_0_to_1(backbone["image_mean"]),
            "image_std": images.from_0_to_1(backbone["image_std"]),
            **_processors.SAID[self.processor](size, backbone["kept"]),
        }

    def head_weights(self, task):
        yield from linear(self.classifier, task.output_dense)


def layer(name: str, block: Any) -> Iterator[Weight]:
    """A layer of a Transformer over the places of a picture."""
    inside = f"{name}attention.attention."
    for part in ("query", "key", "value"):
        yield from linear(f"{inside}{part}", getattr(block.attention, part))
    yield from around(name, block)


def around(name: str, block: Any) -> Iterator[Weight]:
    """What a layer has besides its queries, keys and values."""
    yield from linear(f"{name}attention.output.dense", block.attention.attention_output, inputs=2)
    yield from norm(f"{name}layernorm_before", block.attention_norm)
    yield from norm(f"{name}layernorm_after", block.feed_forward_norm)
    yield from fed((f"{name}intermediate.dense", f"{name}output.dense"), block.feed_forward)
