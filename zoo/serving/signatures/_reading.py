"""What a model with a head makes of texts that it reads whole."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from zoo.attention.multi_head import MultiHead
from zoo.attention.patterns.full import Full
from zoo.core.checked import checked
from zoo.core.errors import ZooError
from zoo.recipe.layers import attentions
from zoo.serving.signatures import Images, Served, Texts


def framed(model: Served, given: Texts | Images) -> dict[str, tf.Tensor]:
    """Texts as the model was trained to read them: int32 and bool `b t`. Those it was trained to
    cut are cut; an error where others are longer than its positions. Pictures are as they are."""
    if isinstance(given, Images):
        return {"images": given.pixels}
    return within(model, model.frame().in_graph(given.tokens))


def within(model: Served, inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """The same rows, or an error where they are longer than the positions of the model, or than
    the longest rows its graph knows."""
    backbone = model.task.backbone
    reads = "encoder_token_ids" in model.task.input
    end = backbone.max_source_length if reads else backbone.max_sequence_length
    limit = min([one for one in (end, *lengths(model)[-1:]) if one is not None], default=None)
    if limit is None:
        return inputs
    fits = tf.shape(inputs["token_ids"])[1] <= limit
    what = "positions" if limit == end else "rows"
    message = f"text: too long, the {what} of this model end at {limit} tokens."
    known = {name: x[:, :limit] for name, x in inputs.items()}  # so that nothing else fails first
    return {**known, "token_ids": checked(known["token_ids"], fits, message)}


def run(model: Served, function: Callable[[Any], Any], inputs: dict[str, tf.Tensor]) -> Any:
    """What a function makes of rows, `b t`. Where not all see all, rows are padded to the next of
    the lengths that the model was trained on: so the graph knows how long they are, and attention
    takes the time that its pattern takes."""
    known = lengths(model)
    if not known:
        return function(inputs)
    pad, size = model.frame().pad, tf.shape(inputs["token_ids"])[1]
    at = [lambda length=length: function(_padded(inputs, length, pad)) for length in known]
    return tf.switch_case(tf.searchsorted(known, [size])[0], at)


def scores(model: Served, inputs: dict[str, tf.Tensor], axis: int | None = None) -> tf.Tensor:
    """What the task answers to rows; the places of the rows stand along an axis, if at all."""

    def answer(rows):
        found = model.task.run(rows)[0]
        if axis is None:
            return found
        return found[(*(slice(None),) * axis, slice(tf.shape(inputs["token_ids"])[1]))]

    return run(model, answer, inputs)


def lengths(model: Served) -> list[int]:
    """The lengths of rows that a graph has to know: those that the model was trained on; none where
    all tokens see all others, and for pictures, which have one size. Raises ZooError where they are
    not known."""
    if model.picture:
        return []
    backbone = model.task.backbone
    layers = attentions(getattr(backbone, "encoder", backbone))
    if all(type(layer) is MultiHead and type(layer.pattern) is Full for layer in layers):
        return []
    one = model.frame().length or getattr(model.batching, "sequence_length", None)
    known = getattr(model.batching, "lengths", [one or backbone.max_sequence_length])
    if known[-1] is None:
        raise ZooError(
            "the attention of this model has to know how long rows are, and nothing says so: "
            "neither a batching with a sequence_length nor positions that end."
        )
    return known


def _padded(inputs: dict[str, tf.Tensor], length: int, pad: int) -> dict[str, tf.Tensor]:
    """The same rows, `b length`."""
    found = {}
    for name, x in inputs.items():
        room, fill = length - tf.shape(x)[1], tf.cast(pad if name == "token_ids" else 0, x.dtype)
        found[name] = tf.ensure_shape(
            tf.pad(x, [[0, 0], [0, room]], constant_values=fill), [None, length]
        )
    return found


def ranked(scores: Any, names: list[str]) -> dict[str, Any]:
    """Scores float32 `… c` of classes -> labels string `… c`, the likeliest first, and their
    probabilities float32 `… c`."""
    probabilities, places = tf.math.top_k(tf.nn.softmax(scores), len(names))
    return {"labels": tf.gather(tf.constant(names), places), "probabilities": probabilities}


def labels(model: Served) -> list[str]:
    """What the classes of a model are called: as it was trained to tell them, or as it says
    itself, else by number."""
    known = (model.batching and model.batching.labels) or getattr(model.task, "labels", None)
    return known or [str(place) for place in range(model.task.num_classes)]
