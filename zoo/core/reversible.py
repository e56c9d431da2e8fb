"""A stack of reversible steps, which keeps what comes out of the last and nothing else.

A step makes `b, a + f(b)` of two streams `a, b`; so `a` is `y - f(x)` of what came out, `x, y`. The
backward pass goes down the stack, computing each `f` again and with it both the streams before it
and their gradients (Gomez et al. 2017; Kitaev et al. 2020, section 3).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from zoo.core.loops import pullback, waiting_for
from zoo.core.recompute import Pure, behind, differentiable


class Step(NamedTuple):
    """`function(stream, *given) -> what to add to the other one, more`, and the layers it calls."""

    function: Callable[..., Any]
    layers: list
    given: tuple = ()


def reversible(steps: list[Step], streams: list, training: Any) -> tuple[list, list]:
    """Both streams after all steps, and what each step gave more: no gradient flows from that."""
    pures = [Pure(step.function, step.layers, training) for step in steps]
    values = [pure.values() for pure in pures]
    seeds = {id(seed): seed for pure in pures for seed in pure.seeds}

    def forward(inputs, fixed):
        return _forward(pures, inputs, *fixed)

    weights = [weight for weights, _, _ in values for weight in weights]
    drawn = {name: seed.value for name, seed in seeds.items()}
    fixed = [frozen for _, frozen, _ in values], list(drawn.values()), [s.given for s in steps]
    streams, (more, after) = differentiable(forward, [*streams, *weights], fixed)
    for seed, value in zip(seeds.values(), after):
        seed.assign(value)
    return streams, more


def _forward(pures, inputs, frozen, seeds, given):
    a, b, *weights = inputs
    names = dict.fromkeys(id(seed) for pure in pures for seed in pure.seeds)
    now, calls, more = dict(zip(names, seeds)), [], []
    for pure, fixed, rest in zip(pures, frozen, given):
        own, weights = weights[: len(pure.weights)], weights[len(pure.weights) :]
        call = _call(pure, fixed, [now[id(seed)] for seed in pure.seeds], rest)
        (added, extra), after = call(b, *own)
        a, b = b, a + added
        now |= zip(map(id, pure.seeds), after)
        calls.append((call, own))
        more.append(extra)
    return [a, b], (more, list(now.values())), lambda *into: _backward(calls, (a, b), into)


def _call(pure, frozen, seeds, given):
    return lambda stream, *weights: pure(weights, frozen, seeds, stream, *given)


def _backward(calls, streams, gradients):
    (x, y), (into_x, into_y), into = streams, gradients, []
    # Who comes next waits for `found`, not for the sum it goes into: a sum that is read but once
    # TensorFlow turns into a variable that starts as zeros, as large as the text and never freed.
    found = into_y
    for call, weights in reversed(calls):
        with waiting_for(found):
            later = [behind(w, found) for w in weights]
            added, turn = pullback(_added(call), [x, *later])
        with waiting_for(added):
            found, *into_weights = turn(into_y)
        x, y = y - added, x
        into_x, into_y = into_y, into_x + found
        into = [*into_weights, *into]
    return [into_x, into_y, *into]


def _added(call):
    return lambda *inputs: call(*inputs)[0][0]
