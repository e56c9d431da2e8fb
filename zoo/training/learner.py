"""A task with what it remembers between batches: the model that `fit` sees."""

from typing import Any

import keras
from keras import ops, tree

from zoo.core.window import forget
from zoo.tasks import Taught
from zoo.training.by_shape import by_shape
from zoo.training.teacher import Teacher


class Carry(keras.layers.Layer):
    """The one thing that keeps a state beyond a batch: a variable for every leaf."""

    def __init__(self, state: Any, **kwargs):
        super().__init__(**kwargs)
        self.like = state
        self.leaves = [
            self.add_weight(
                leaf.shape, "zeros", str(leaf.dtype.name), trainable=False, name=f"leaf_{place}"
            )
            for place, leaf in enumerate(tree.flatten(state))
        ]
        self.built = True

    def read(self, restart: Any = None) -> Any:
        """The state, empty in the rows where `restart`, bool `b`, is true."""
        values = [ops.convert_to_tensor(leaf) for leaf in self.leaves]
        state = tree.pack_sequence_as(self.like, values)
        return state if restart is None else forget(state, restart)

    def write(self, state: Any) -> None:
        for leaf, value in zip(self.leaves, tree.flatten(state)):
            leaf.assign(ops.cast(value, leaf.dtype))


class Learner(keras.Model):
    """Runs a task over batches in order and carries its state from one to the next.

    Training and evaluation remember apart, so that validating in between disturbs nothing. `nll`
    is the mean negative log-likelihood of a target, in nats, over all targets since it was reset;
    `accuracy`, in evaluation, the share of those that were held the likeliest. A `teacher` says in
    training what it makes of the same batches, and remembers what went before as well. `gauges` are
    those of the task; its `judge`, where it has one, is kept and trained with it.
    """

    def __init__(self, task: Any, batch_size: int, teacher: Teacher | None = None, **kwargs):
        super().__init__(**kwargs)
        self.task = task
        self.training_memory = Carry(task.initial_state(batch_size), name="training_memory")
        self.evaluation_memory = Carry(task.initial_state(batch_size), name="evaluation_memory")
        self.nll = keras.metrics.Mean(name="nll")
        self.accuracy = keras.metrics.Mean(name="accuracy")
        self.gauges, self.judge = task.gauges(), task.judge()
        self.teacher = teacher
        if teacher:
            self.teacher_memory = Carry(teacher.task.initial_state(batch_size), name="teacher")
        self.built = True

    def make_train_function(self, force=False):
        by_shape(self, "train_function", super().make_train_function, force)

    def make_test_function(self, force=False):
        by_shape(self, "test_function", super().make_test_function, force)

    def call(self, inputs, training=False):
        memory = self.training_memory if training else self.evaluation_memory
        state = memory.read(inputs.get("restart"))
        hidden, state = self.task.encode(inputs, state)
        memory.write(state)
        return hidden

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """targets int32 `b t`, hidden states `b t d`, weights `b t` -> what is minimised."""
        taught = self._taught(x) if training and self.teacher else None
        if self.judge:
            found = self.judge(y_pred, sample_weight, training=training)
        else:
            found = self.task.measure(y_pred, y, sample_weight, taught)
        total = ops.sum(sample_weight)
        self.nll.update_state(found.nats, sample_weight=total)
        for gauge in self.gauges:
            gauge.update_state(found.gauges[gauge.name], sample_weight=total)
        if not training:
            self.accuracy.update_state(found.accuracy, sample_weight=total)
        return sum(self.losses, found.loss) if training else found.loss

    def _taught(self, inputs: Any) -> Taught:
        state = self.teacher_memory.read(inputs.get("restart"))
        taught, state = self.teacher.teach(inputs, state)
        self.teacher_memory.write(state)
        return taught
