"""Who judges pictures in training: a perception, and a critic that learns at the same time (Esser
et al. 2021, arXiv:2012.09841, section 3.1).

One optimizer trains both sides: no gradient of the critic's loss reaches those who make pictures,
and none of theirs reaches the critic. Adam, which takes every weight by itself, is then two; a
clipped norm, though, is that of both. They take their steps at the same time, not in turn.
"""

from typing import Any

import keras
from keras import ops

from zoo.backbones._autoencoder import WHITE, Rebuilt
from zoo.core.loops import pullback

LEAST, MOST = 1e-4, 1e4
"""Of norms of gradients, and of the weight that they make."""


class Judge(keras.layers.Layer):
    """`Rebuilt`, and weights of rows, float `b k` -> `Measured`. `nats` are those of the task and
    what the perception adds."""

    def __init__(self, task: Any, perception: Any, critic: Any):
        super().__init__(name="judge", dtype="float32")
        self.task = lambda: task  # which is asked, and no part of this layer
        self.perception, self.critic = perception, critic
        shape = (None, *task.input["images"].shape[1:])
        if perception:
            perception.build(shape, shape)
        if critic:
            critic.build(shape)
            self.batches = self.add_weight(
                (), "zeros", dtype="int32", trainable=False, name="batches"
            )
        self.built = True

    def call(self, hidden, weights, training=None):
        hidden, task = Rebuilt(*hidden), self.task()
        rows = ops.cast(ops.max(weights, axis=-1) > 0, "float32")
        likeness = lambda told: self._likeness(hidden, told, rows)  # noqa: E731
        if not (self.critic and training):
            nats = likeness(hidden.told)
            return task.told(hidden, rows, nats, nats + task.codebook_weight * hidden.loss)
        begun = ops.cast(self.batches >= self.critic.start, "float32")
        self.batches.assign_add(1)
        nats, loss = self._against(hidden, likeness, begun)
        loss = loss + task.codebook_weight * hidden.loss + begun * self._learns(hidden)
        return task.told(hidden, rows, nats, loss)

    def _likeness(self, hidden: Rebuilt, told: Any, rows: Any) -> Any:
        """How unlike what is told of places is to the pictures that were given."""
        task = self.task()
        each = ops.mean(task.backbone.nats(told, hidden.images), axis=(1, 2, 3))
        if self.perception:
            apart = self.perception(task.backbone.seen(told), hidden.images / WHITE)
            each = each + task.perceptual_weight * apart
        return ops.sum(each * rows) / ops.maximum(ops.sum(rows), 1.0)

    def _against(self, hidden: Rebuilt, likeness: Any, begun: Any) -> tuple[Any, Any]:
        """How unlike pictures are, and a loss whose gradient is that of it and of what the critic
        says of them; what the critic says weighs as much as its `weight` says, measured by what
        both do to the last layer."""
        told = ops.stop_gradient(hidden.told)
        nats, turn = pullback(likeness, [told])
        (alike,) = turn(ops.ones_like(nats))
        unreal, turn = pullback(self._unreal, [told])
        (real,) = turn(ops.ones_like(unreal))
        lengths = [_length(self._of_last(hidden.features, one)) for one in (alike, real)]
        share = ops.clip(lengths[0] / (lengths[1] + LEAST), 0.0, MOST)
        share = ops.stop_gradient(begun * self.critic.weight * share)
        into = ops.stop_gradient(alike + ops.cast(share, real.dtype) * real)
        pushed = ops.sum(ops.cast(into * hidden.told, "float32"))
        value = ops.stop_gradient(nats + share * unreal)
        return ops.stop_gradient(nats), value + pushed - ops.stop_gradient(pushed)

    def _unreal(self, told: Any) -> Any:
        """What the critic says of pictures, the less real the higher; it learns nothing from it."""
        given = [(variable, variable.value) for variable in self.critic.variables]
        with keras.StatelessScope(state_mapping=given):
            return -ops.mean(self.critic(2 * self.task().backbone.seen(told) - 1, training=True))

    def _of_last(self, features: Any, gradient: Any) -> Any:
        """A gradient of what is told of places -> of the kernel of the layer that tells it."""
        layer = self.task().backbone.output_conv
        given, into = (ops.stop_gradient(ops.cast(x, "float32")) for x in (features, gradient))

        def tell(kernel):
            return ops.sum(ops.conv(given, kernel, padding=layer.padding) * into)

        kernel = ops.stop_gradient(ops.cast(layer.kernel, "float32"))
        total, turn = pullback(tell, [kernel])
        return turn(ops.ones_like(total))[0]

    def _learns(self, hidden: Rebuilt) -> Any:
        """The hinge loss of the critic, which is to tell pictures from those that were made."""
        pictures = ops.stop_gradient(self.task().backbone.seen(hidden.told)), hidden.images / WHITE
        made, real = (self.critic(2 * one - 1, training=True) for one in pictures)
        return (ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + made))) / 2


def _length(x: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(x)))
