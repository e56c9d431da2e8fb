"""Weights cut over devices, and rows of a batch shared (Keras's ModelParallel, on JAX).

Without a `layout`, heads and features of feed-forward layers lie along the axis `model`, as in
Megatron-LM (Shoeybi et al. 2019, arXiv:1909.08053): between two cuts, a block adds up once.
"""

import fnmatch
from typing import Any

from zoo.core.errors import ZooError, suggest
from zoo.core.types import PositiveInt
from zoo.training.distribution import near
from zoo.training.distribution._mesh import Mesh

LAYOUT: dict[str, list[str | None]] = {
    "*/query/kernel": [None, "model", None],
    "*/query/bias": ["model", None],
    "*/key/kernel": [None, "model", None],
    "*/key/bias": ["model", None],
    "*/value/kernel": [None, "model", None],
    "*/value/bias": ["model", None],
    "*/attention_output/kernel": ["model", None, None],
    "*/position/relative/kernel": [None, "model", None],
    "*/position/biases/[uv]": ["model", None],
    "*/widen/kernel": [None, "model"],
    "*/widen/bias": ["model"],
    "*/gate/kernel": [None, "model"],
    "*/gate/bias": ["model"],
    "*/narrow/kernel": ["model", None],
}
"""Heads of attention, and hidden features of feed-forward layers."""


class ModelParallel(Mesh):
    """`mesh` is how many devices stand along each axis: `batch`, over which rows are shared,
    `sequence`, over which the tokens of a row are, and those that a `layout` names for the axes of
    weights, by patterns of their paths such as `*/query/kernel: [null, model, null]`. Weights that
    no pattern names are on every device."""

    def __init__(
        self,
        mesh: dict[str, PositiveInt],
        layout: dict[str, list[str | None]] | None = None,
    ):
        self.mesh, self.layout = mesh, layout
        if "batch" not in mesh:
            raise ZooError(
                f"found the axes {', '.join(mesh)}, expected 'batch' among them.", "mesh"
            )
        for pattern, axes in self._written().items():
            for axis in filter(None, axes):
                if axis not in mesh:
                    text = f"found the axis {axis!r} for {pattern}. {suggest(axis, mesh)}"
                    raise ZooError(text, *(("layout",) if layout else ("mesh",)))

    def _written(self) -> dict[str, list[str | None]]:
        """Without a word of it, a mesh that shares tokens alone leaves weights whole."""
        if self.layout is not None:
            return self.layout
        return {} if set(self.mesh) == {"batch", "sequence"} else LAYOUT

    @property
    def axes(self) -> dict[str, int]:
        return self.mesh

    def over(self, mesh: Any) -> Any:
        import keras

        layout = keras.distribution.LayoutMap(mesh)
        for pattern, axes in self._written().items():
            layout[fnmatch.translate(pattern)] = tuple(axes)
        return _parallel(self.axes)(
            layout_map=layout, batch_dim_name="batch", auto_shard_dataset=False
        )

    def require_shapes(self, shapes):
        super().require_shapes(shapes)
        many = self.mesh.get("sequence", 1)
        for _, length, *_ in shapes:
            if length % many:
                raise ZooError(
                    f"found {length} tokens a row, expected a multiple of the {many} devices along "
                    f"'sequence', such as {near(length, many)}."
                )

    def require_model(self, task: Any, settings: Any) -> None:
        weights = {v.path: tuple(v.shape) for v in task.trainable_variables}
        found = set()
        for path, shape in weights.items():
            matching = [p for p in self._written() if fnmatch.fnmatchcase(path, p)]
            if len(matching) > 1:
                raise ZooError(f"{path} matches {' and '.join(matching)}, expected one.", "layout")
            for pattern in matching:
                self._require_fit(path, shape, self._written()[pattern])
            found.update(matching)
        unused = [] if self.layout is None and found else sorted(set(self._written()) - found)
        if unused:
            text = f"{', '.join(unused)}: no weight of this model is called so."
            known = {"/".join(("*", *path.split("/")[-2:])) for path in weights}
            raise ZooError(f"{text} {suggest(unused[0], known)}", "layout")

    def _require_fit(self, path: str, shape: tuple[int, ...], axes: list[str | None]) -> None:
        if len(axes) != len(shape):
            raise ZooError(f"{path} has {len(shape)} axes, found {len(axes)} for them.", "layout")
        for size, axis in zip(shape, axes):
            if axis and size % self.mesh[axis]:
                raise ZooError(
                    f"{path} is {' x '.join(map(str, shape))}: {size} cannot be cut over "
                    f"{self.mesh[axis]} devices along {axis!r}. Choose another mesh, or say in "
                    "training.distribution.layout which weights are cut.",
                    "mesh",
                )


def _parallel(axes: dict[str, int]) -> Any:
    """Keras's ModelParallel, or one that shares the tokens of a row, too, wherever an array has as
    many of something behind its rows that they can be shared."""
    import keras

    many = axes.get("sequence")

    class OverTokens(keras.distribution.ModelParallel):
        def get_data_layout(self, data_shape):
            axes = ["batch", *[None] * (len(data_shape) - 1)]
            if len(data_shape) > 1 and data_shape[1] % many == 0:
                axes[1] = "sequence"
            return keras.distribution.TensorLayout(axes, self.device_mesh)

    return OverTokens if many else keras.distribution.ModelParallel
