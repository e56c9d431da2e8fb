"""Keep the inputs of a computation, not all it computes: its backward pass computes it again.

Chen et al. 2016 (gradient checkpointing). The second time equals the first, dropout included:
layers become functions of the values of their variables.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops, tree

from zoo.core.loops import pullback, scan, waiting_for


class Pure:
    """A function that calls layers, as a function of the values of their variables too."""

    def __init__(self, function: Callable[..., Any], layers: list, training: Any):
        self.function, self.training = _Called(function), training
        self.weights = _unique(v for layer in layers for v in layer.trainable_weights)
        self.frozen = _unique(v for layer in layers for v in layer.non_trainable_weights)
        known = {id(v) for v in (*self.weights, *self.frozen)}
        every = _unique(v for layer in layers for v in layer.variables)
        self.seeds = [v for v in every if id(v) not in known]

    def values(self) -> tuple[list, list, list]:
        """What the weights, the frozen weights and the seeds hold."""
        weights, frozen, seeds = (
            [v.value for v in some] for some in (self.weights, self.frozen, self.seeds)
        )
        return weights, frozen, seeds

    def __call__(self, weights: list, frozen: list, seeds: list, *inputs: Any) -> tuple[Any, list]:
        """What the function gives, and the seeds after it. Nothing of it is computed, nor held,
        before the first input is there."""
        variables = [*self.weights, *self.frozen, *self.seeds]
        given = zip(variables, [*weights, *frozen, *seeds])
        with keras.StatelessScope(state_mapping=given) as scope, waiting_for(inputs[0]):
            out = self.function(*inputs, training=self.training)
            return out, [scope.get_current_value(seed) for seed in self.seeds]

    def advance(self, seeds: list) -> None:
        """Set the seeds to what they are after a call."""
        for variable, value in zip(self.seeds, seeds):
            variable.assign(value)


class _Called(keras.layers.Layer):
    """Tells the layers inside of a function whether they train: a backward pass does not know."""

    def __init__(self, function: Callable[..., Any]):
        super().__init__(name="again", autocast=False)
        self.function, self.built = function, True

    def call(self, *inputs, training=None):
        return self.function(*inputs)


def recomputed(function: Callable[..., Any], layers: list, training: Any) -> Callable[..., Any]:
    """The same function `x, *given -> out, more` of tensors and structures of tensors, which keeps
    nothing but its inputs.

    A gradient flows from `out` into `x` and the weights of the layers it calls.
    """
    one_by_one = in_chunks(function, layers, training)

    def run(x, *given):
        out, more = one_by_one(*tree.map_structure(_boxed, (x, *given)), length=1)
        return out[0], tree.map_structure(lambda x: x[0], more)

    return run


def in_chunks(function: Callable[..., Any], layers: list, training: Any) -> Callable[..., Any]:
    """`recomputed`, one after the other for all slices of the first axis of everything given.

    At any time what is computed on the way is in memory for one slice alone.
    """
    pure = Pure(function, layers, training)

    def run(x, *given, length):
        def forward(inputs, fixed):
            return _forward(pure, length, inputs, fixed)

        weights, frozen, seeds = pure.values()
        (out,), (more, seeds) = differentiable(forward, [x, *weights], (frozen, seeds, given))
        pure.advance(seeds)
        return out, more

    return run


def _forward(pure, length, inputs, fixed):
    (x, *weights), (frozen, seeds, given) = inputs, fixed
    tensors, restore = _known(given)

    def body(seeds, line):
        x, *tensors = line
        (out, more), after = pure(weights, frozen, seeds, x, *restore(tensors))
        return after, (out, more, seeds)

    after, (out, more, before) = scan(body, seeds, (x, *tensors), length)

    def backward(gradient):
        def body(total, line):
            gradient, before, x, *tensors = line

            def again(x, *weights):
                return pure(weights, frozen, before, x, *restore(tensors))[0][0]

            _, turn = pullback(again, [behind(x, gradient), *weights])
            into_x, *into = turn(gradient)
            return [old + ops.cast(new, old.dtype) for old, new in zip(total, into)], into_x

        empty = [ops.zeros(w.shape, "float32") for w in weights]
        total, into_x = scan(body, empty, (gradient, before, x, *tensors), length)
        return [into_x, *(ops.cast(into, w.dtype) for into, w in zip(total, weights))]

    return [out], (more, after), backward


def in_turn(functions: list, layers: list, training: Any) -> Callable[..., Any]:
    """The sum of functions `x, *given -> out` of the same x, one computed after the other, and once
    more in the backward pass: what is computed on the way is in memory for one alone.

    They call the same layers, and each draws the same random numbers. A gradient flows from `out`
    into `x` and the weights of the layers.
    """
    pures = [Pure(function, layers, training) for function in functions]

    def run(x, *given):
        def forward(inputs, fixed):
            return _in_turn(pures, inputs, *fixed)

        weights, frozen, seeds = pures[0].values()
        (out,), after = differentiable(forward, [x, *weights], (frozen, seeds, given))
        pures[0].advance(after)
        return out

    return run


def _in_turn(pures, inputs, frozen, seeds, given):
    x, *weights = inputs

    def again(pure):
        return lambda x, *weights: pure(weights, frozen, seeds, x, *given)[0]

    out, seeds_after = pures[0](weights, frozen, seeds, x, *given)
    for pure in pures[1:]:
        with waiting_for(out):
            more = again(pure)(x, *(behind(w, out) for w in weights))
        out = out + more

    def backward(gradient):
        found, wait = None, gradient
        for pure in pures:
            with waiting_for(wait):
                _, turn = pullback(again(pure), [x, *(behind(w, wait) for w in weights)])
                into = turn(gradient)
            found = into if found is None else [old + new for old, new in zip(found, into)]
            wait = found[0]
        return found

    return [out], seeds_after, backward


def differentiable(forward: Callable[..., Any], inputs: list, fixed: Any) -> tuple[list, Any]:
    """`out, more, backward = forward(inputs, fixed)`: a list of tensors, a structure of what no
    gradient flows from, and what turns gradients of `out` into gradients of the inputs."""
    tensors, restore = _known(fixed)
    like = []

    @ops.custom_gradient
    def run(*values):
        inner = values[: len(inputs)]
        out, more, backward = forward(list(inner), restore(values[len(inputs) :]))
        like[:] = [len(out), more]

        def turn(*gradients, upstream=None):
            gradients = tree.flatten(gradients if upstream is None else upstream)
            return (*backward(*gradients[: len(out)]), *[None] * len(tensors))

        return (*out, *tree.flatten(more)), turn

    found = run(*inputs, *tensors)
    number, more = like
    return list(found[:number]), tree.pack_sequence_as(more, list(found[number:]))


def behind(x: Any, gradient: Any) -> Any:
    """x, but not before the gradient is there: what is computed again must not be computed early,
    nor be taken for what was computed first. No compiler knows that the gradient is a number. It
    copies x: of a long text and short weights, better the weights."""
    first = ops.reshape(gradient, (-1,))[0]
    return x + ops.cast(ops.isnan(first), x.dtype)


def _known(structure: Any) -> tuple[list, Callable[[Any], Any]]:
    """The tensors in a structure that are not None, and the way back."""
    flat = tree.flatten(structure)

    def restore(tensors):
        rest = iter(tensors)
        return tree.pack_sequence_as(structure, [x if x is None else next(rest) for x in flat])

    return [x for x in flat if x is not None], restore


def _boxed(x: Any) -> Any:
    return None if x is None else x[None]


def _unique(variables: Any) -> list:
    return list({id(v): v for v in variables}.values())
