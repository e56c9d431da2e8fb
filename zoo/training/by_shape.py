"""A step of Keras for batches of several shapes: compiled for each, all of whose sizes it knows."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras import tree


class ByShape:
    """What `fit` calls with an iterator over batches. Keras's own function, of which `make` gives a
    new one, would be traced for the second shape with no sizes at all; patterns, kernels and chunks
    of a loss are laid out by them. Where all batches are alike, that function is all there is."""

    def __init__(self, make: Callable[[], Callable[..., Any]], steps_per_execution: int):
        self.make, self.steps_per_execution = make, steps_per_execution
        self.made: dict[Any, Callable[..., Any]] = {}

    def __call__(self, batches: Iterator[Any]) -> Any:
        found = tree.flatten(getattr(batches, "element_spec", ()))
        if all(one.shape.is_fully_defined() for one in found):
            return self._of(())(batches)
        out = None
        for _, batch in zip(range(self.steps_per_execution), batches):
            shapes = tuple(tuple(array.shape) for array in tree.flatten(batch))
            out = self._of(shapes)(iter([batch]))
        return out

    def _of(self, shapes: tuple) -> Callable[..., Any]:
        if shapes not in self.made:
            self.made[shapes] = self.make()
        return self.made[shapes]


def by_shape(model: Any, name: str, make: Callable[..., Any], force: bool) -> None:
    """Make the function of a step that a model keeps as `name`: `make` is Keras's way to do so.
    JAX compiles for every shape as it is."""
    if keras.config.backend() != "tensorflow":
        make(force)
    elif getattr(model, name) is None or force:

        def fresh() -> Callable[..., Any]:
            ours = getattr(model, name)
            make(force=True)
            made = getattr(model, name)
            setattr(model, name, ours)
            return made

        setattr(model, name, ByShape(fresh, model.steps_per_execution))
