"""Checkpoints of timm as Hugging Face keeps them, in and out: a file for models alike.

Their config names an `architecture`, and says only what of it differs (`model_args`), how large
pictures are, and what their colours are like (`pretrained_cfg`).
"""

from typing import Any, ClassVar

from zoo.convert import images
from zoo.convert.config import Config
from zoo.convert.families import Family
from zoo.core.errors import ZooError

USUAL = (images.HALF, images.HALF)


class Timm(Family):
    """The contract of every file here. A subclass says what its architectures are like, reads them
    (`model`), and says them again (`args`)."""

    shelf = "convert/timm"
    models: ClassVar[dict[str, dict[str, Any]]] = {}
    """Its architectures, and with which arguments each makes its model."""
    pooling: ClassVar[str] = "avg"
    classifier: ClassVar[str | list[str]] = "head"
    """What it calls the layer that scores classes, or those that do."""
    size: ClassVar[int] = 224
    """How large pictures are where nothing is said."""
    fixed: ClassVar[bool] = True
    """Whether it is made for pictures of one size."""
    unread = (r"num_batches_tracked", r"relative_position_index")
    unsaid = frozenset({"dropout", "stochastic_depth"})

    def __init__(self, architecture: str):
        self.architecture = architecture

    def model(self, args: Config, size: int) -> dict[str, Any]:
        """The backbone of what is made with some arguments, for pictures of `size` × `size`."""
        raise NotImplementedError

    def args(self, backbone: dict[str, Any], task: dict[str, Any]) -> dict[str, Any]:
        """With which arguments a backbone is made."""
        raise NotImplementedError

    def head(self, args: Config) -> dict[str, Any]:
        """What its head has besides a layer that scores classes."""
        return {}

    def kind(self, config):
        return "image_classifier" if config.take("num_classes", 1000) else ""

    def backbone(self, config):
        config.unused("num_features")
        config.must("global_pool", self.pooling)
        args, told = self._args(config), self._told(config)
        channels, size = self._size(told, args)
        written = {
            "kind": "conv_attention",
            "image_size": size,
            **({} if channels == 3 else {"num_channels": channels}),
            **self.model(args, size),
            **images.colours(told, "mean", "std", USUAL),
            **self._shown(told),
        }
        self.head(args)
        args.must("global_pool", self.pooling)
        args.must("num_classes", config.take("num_classes", 1000))
        args.finish()
        return written

    def task(self, config, kind):
        number = config.take("num_classes", 1000)
        told = config if "label_names" in config.fields else self._told(config)
        config.unused("label_")
        head = self.head(self._args(config))
        named = images.labels(told, "label_names", number)
        return {"num_classes": number, "dropout": 0.0, **head, **named}

    def _args(self, config: Config) -> Config:
        """The arguments of the model: those of its architecture, and those that differ."""
        given = {**self.models[self.architecture], **config.take("model_args", {})}
        named = {"architecture": self.architecture}
        return Config({**named, **given}, f"{config.place}: model_args")

    def _told(self, config: Config) -> Config:
        return Config(config.take("pretrained_cfg", {}), f"{config.place}: pretrained_cfg")

    def _shown(self, told: Config) -> dict[str, Any]:
        """How much of the sides of a picture a model is shown."""
        told.must("crop_mode", "center")
        return images.kept(told, "crop_pct", told.take("crop_pct", 1.0))

    def _size(self, told: Config, args: Config) -> tuple[int, int]:
        """How many channels a picture has, and how many rows. Raises ZooError where it has another
        number of columns."""
        shape = told.sizes("input_size", [3, self.size, self.size], 3)
        if shape[1] != shape[2]:
            raise told.wrong("input_size", "as many rows as columns")
        size = args.take("img_size", None) or shape[1]
        if isinstance(size, list) and len(set(size)) == 1:
            size = size[0]
        if type(size) is not int or size < 1:
            raise args.wrong("img_size", "a whole number greater than 0, or two alike")
        return args.size("in_chans", shape[0]), size

    def named(self, kind, place):
        return {"architecture": self.architecture}

    def fields(self, backbone, task):
        size, usual = backbone["image_size"], self.models[self.architecture]
        try:
            args = self.args(backbone, task)
        except (KeyError, TypeError, IndexError) as wrong:  # of what its models have
            raise ZooError(f"{self.architecture} of timm is a model of another kind.") from wrong
        args |= {"img_size": size} if self.fixed else {}
        said = {
            "num_classes": task.get("num_classes", 0),
            "num_features": backbone["stages"][-1]["hidden_dim"],
            "global_pool": self.pooling,
            "label_names": task.get("labels"),
            "model_args": {name: x for name, x in args.items() if usual.get(name) != x},
            "pretrained_cfg": {
                "input_size": [backbone["num_channels"], size, size],
                "fixed_input_size": self.fixed,
                "mean": images.from_0_to_1(backbone["image_mean"]),
                "std": images.from_0_to_1(backbone["image_std"]),
                "crop_pct": backbone["kept"],
                "crop_mode": "center",
                "num_classes": task.get("num_classes", 0),
                "classifier": self.classifier,
            },
        }
        return {name: value for name, value in said.items() if value not in (None, {})}
