"""Training with `tf.distribute`, whatever the strategy: the loop that Keras's `fit` is not.

`fit` of Keras 3.15 fails with several workers (keras #20585), clips what one replica found instead
of the gradient of all, and takes the mean of the means of replicas for a loss.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from zoo.core.errors import ZooError
from zoo.training.distribution import Distribution


class Replicas(Distribution):
    """The same weights on every replica. Each finds the gradient of its rows of a batch; their sum
    is applied to all."""

    backend = "tensorflow"

    @property
    def strategy(self) -> Any:
        """The `tf.distribute.Strategy` of this process."""
        raise NotImplementedError

    def scope(self) -> contextlib.AbstractContextManager:
        return self.strategy.scope()

    def require_model(self, task: Any, settings: Any) -> None:
        import keras

        kind = type(self).__name__
        if settings.steps_per_execution > 1:
            raise ZooError(
                f"found {settings.steps_per_execution} training.steps_per_execution, expected 1: "
                "each step is sent to the replicas by itself."
            )
        if settings.precision == "mixed_float16":
            raise ZooError(
                "found training.precision mixed_float16, whose scale of the loss Keras keeps for "
                f"each replica apart; expected mixed_bfloat16 or float32 with {kind}."
            )
        if not task.by_weights:
            raise ZooError(
                f"the loss of a {type(task).__name__} is no mean over targets by their weights, "
                f"which {kind} would need to put it together from parts of a batch. Use "
                "data_parallel, on JAX."
            )
        if keras.tree.flatten(task.initial_state(1)):
            raise ZooError(
                "this model remembers something for each row from batch to batch, which replicas "
                "of TensorFlow cannot keep apart. Use data_parallel, on JAX."
            )
        layers = task._flatten_layers(include_self=False)
        for layer in layers:
            if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
                raise ZooError(
                    f"{layer.path} takes statistics over a batch, of which each replica sees only "
                    "some rows. Use data_parallel, on JAX, or another norm."
                )

    def adapt(self, optimizer: Any) -> Any:
        optimizer.__class__ = type(type(optimizer).__name__, (_AcrossReplicas, type(optimizer)), {})
        return optimizer

    def fit(self, learner: Any, batches: Any, steps: int, callbacks: Sequence[Any]) -> None:
        step = _training_step(self.strategy, learner)
        learner.stop_training = False
        for each in callbacks:
            each.set_model(learner)
            each.set_params({"epochs": 1, "steps": steps})
        _tell(callbacks, "on_train_begin")
        _tell(callbacks, "on_epoch_begin", 0)
        for place, batch in zip(range(steps), batches):
            _tell(callbacks, "on_train_batch_begin", place)
            step(*self._shared(batch))
            _tell(callbacks, "on_train_batch_end", place, _Results(learner))
            if learner.stop_training:
                break
        _tell(callbacks, "on_epoch_end", 0, _Results(learner))
        _tell(callbacks, "on_train_end")

    def evaluate(self, learner: Any, batches: Any, steps: int) -> dict[str, float]:
        if learner.test_function is None:
            learner.test_function = _evaluation_step(self.strategy, learner)
        learner.reset_metrics()
        for _, batch in zip(range(steps), batches):
            learner.test_function(*self._shared(batch))
        return dict(_Results(learner))

    def _shared(self, batch: Any) -> tuple[tuple, Any]:
        """A batch, each replica with its rows of it, and how much all of its targets count."""
        import tensorflow as tf

        rows = len(batch[-1]) // self.num_replicas

        def own(array: Any) -> Any:
            def of(context: Any) -> Any:
                first = context.replica_id_in_sync_group * rows
                return array[first : first + rows]

            return self.strategy.experimental_distribute_values_from_function(of)

        return tf.nest.map_structure(own, tuple(batch)), tf.reduce_sum(batch[-1])


def _training_step(strategy: Any, learner: Any) -> Callable[..., None]:
    """`step(batch, total)`, of a batch that is shared, whose weights are `total` together."""
    import tensorflow as tf

    graph = functools.partial(tf.function, autograph=False)
    variables = [variable.value for variable in learner.trainable_variables]

    @graph(jit_compile=learner.jit_compile)
    def gradients(inputs, targets, weights, total):
        with tf.GradientTape() as tape:
            hidden = learner(inputs, training=True)
            loss = learner.compute_loss(inputs, targets, hidden, weights, training=True)
            count = tf.maximum(tf.reduce_sum(weights), 1.0)
            # A mean over these rows, of which the mean over all is put together.
            part = learner.optimizer.scale_loss(loss * count / tf.maximum(total, 1.0))
        found = tape.gradient(part, variables, unconnected_gradients="zero")
        return [tf.convert_to_tensor(one) for one in found]  # of rows of embeddings, too

    @graph
    def step(batch, total):
        def own(*rows):
            found = gradients(*rows, total)
            return tf.distribute.get_replica_context().all_reduce("sum", found)

        found = strategy.run(own, args=batch)
        whole = [strategy.experimental_local_results(one)[0] for one in found]
        learner.optimizer.apply(whole, learner.trainable_variables)

    return step


def _evaluation_step(strategy: Any, learner: Any) -> Callable[..., None]:
    import tensorflow as tf

    graph = functools.partial(tf.function, autograph=False)

    @graph(jit_compile=learner.jit_compile)
    def measured(inputs, targets, weights):
        hidden = learner(inputs, training=False)
        learner.compute_loss(inputs, targets, hidden, weights, training=False)

    @graph
    def step(batch, total):
        strategy.run(lambda *rows: measured(*rows), args=batch)  # each has a graph of its own

    return step


class _Results(Mapping):
    """What the metrics say of all replicas together: read when it is looked up, as workers have to
    meet for it."""

    def __init__(self, learner: Any):
        self.metrics = {each.name: each for each in (learner.nll, learner.accuracy)}

    def __getitem__(self, name: str) -> float:
        return float(self.metrics[name].result())

    def __iter__(self) -> Iterator[str]:
        return iter(self.metrics)

    def __len__(self) -> int:
        return len(self.metrics)


def _tell(callbacks: Sequence[Any], what: str, *of: Any) -> None:
    for each in callbacks:
        getattr(each, what)(*of)


class _AcrossReplicas:
    """Stands before a kind of optimizer, and applies a gradient that is already the sum over all
    replicas to the copies of each. Keras would add up the gradients of replicas itself, after it
    has clipped each of them."""

    def _backend_update_step(self: Any, grads, trainable_variables, learning_rate):
        pairs = [(grad, variable.value) for grad, variable in zip(grads, trainable_variables)]
        strategy = self._distribution_strategy
        self._distributed_tf_update_step(strategy, pairs, learning_rate)

    def _apply_weight_decay(self: Any, variables):
        from keras import ops

        if self.weight_decay is None:
            return

        def decay(copy):
            if self._use_weight_decay(copy):
                copy.assign_sub(copy * ops.cast(self.weight_decay * self.learning_rate, copy.dtype))

        for variable in variables:
            self._distribution_strategy.extended.update(variable.value, decay, group=False)

    def _backend_increment_gradient_accumulators(self: Any, grads, acc_grads):
        for grad, accumulator in zip(grads, acc_grads):
            accumulator.assign_add(grad)
