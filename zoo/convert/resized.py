"""A model of pictures of one size made one of another, as larger pictures are looked at finely."""

import copy
from typing import Any

from keras import ops

from zoo.backbones import Backbone
from zoo.backbones.conv_attention import ConvAttention
from zoo.convert.checkpoint import rebuilt
from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.positions._on_grid import OnGrid


def resize(model: Any, image_size: int) -> Any:
    """The same model over pictures of `image_size` × `image_size` places, with its weights.

    Learned positions are drawn larger or smaller as a picture is, bicubically (Dosovitskiy et al.
    2021, section 3.2); of steps from place to place, those near by stay what they are. Raises
    ZooError for a model that reads no pictures, and for positions that tell no rows.
    """
    backbone = getattr(model, "backbone", model)
    if not isinstance(backbone, ConvAttention):
        raise ZooError("it has no pictures of one size that could have another.")
    written = copy.deepcopy(to_config(backbone))
    written["image_size"] = image_size
    if written["position"]["kind"] == "learned":
        side = image_size
        for layer in backbone.image_layers:
            side = layer.smaller(side)
        written["position"]["max_sequence_length"] = int(backbone.class_token) + side**2
    made = make(Backbone, written, dtype=backbone.dtype_policy)
    _move(backbone, made)
    return rebuilt(model, made)


def _move(old: ConvAttention, new: ConvAttention) -> None:
    """Every weight of the old backbone, for the places of the new one."""
    values = {weight.path: weight for weight in old.weights}
    for mine, other in zip(_on_grids(new), _on_grids(old), strict=True):
        tables = dict(zip((weight.path for weight in other.weights), other.resized(*mine.grid)))
        values |= tables
    if to_config(new.position)["kind"] == "learned":
        table = old.position.embeddings
        values[table.path] = redrawn(table, int(old.class_token), old.grid, new.grid)
    for weight in new.weights:
        value = values[weight.path]
        if tuple(value.shape) != tuple(weight.shape):
            raise ZooError(f"{weight.path}: tells no rows and columns that could be resized.")
        weight.assign(value)


def _on_grids(backbone: ConvAttention) -> list[OnGrid]:
    return [layer for layer in backbone._flatten_layers() if isinstance(layer, OnGrid)]


def redrawn(table: Any, before: int, old: tuple[int, int], new: tuple[int, int]) -> Any:
    """Vectors of places `t d`, `before` of which stand in no row -> the same for another grid.
    Raises ZooError for a table of other places than those of the grid."""
    if table.shape[0] != before + old[0] * old[1]:
        found = f"found {table.shape[0]} positions, but a picture has {before + old[0] * old[1]}"
        raise ZooError(f"{found} places: nothing tells where they stand.")
    if old == new:
        return table
    drawn = ops.reshape(table[before:], (*old, -1))
    options = {"interpolation": "bicubic", "antialias": True, "data_format": "channels_last"}
    larger = ops.image.resize(drawn, new, **options)
    return ops.concatenate([table[:before], ops.reshape(larger, (-1, table.shape[1]))])
