"""What is in pictures, and where."""

import tensorflow as tf

from zoo.serving.signatures import Signature
from zoo.serving.signatures._reading import labels


class Detect(Signature):
    """image string `b` -> for each query labels string `b q`, the surest first, scores float32
    `b q`, boxes float32 `b q 4`: left, top, right and bottom, as shares of the picture as it was
    given. The scores of objects that are not there are small, not missing."""

    tasks = ("object_detector",)
    images = ("image",)
    first = True

    def answer(self, model, image):
        found, _ = model.task.run({"images": image.pixels})
        classes = tf.nn.softmax(found["logits"])[..., :-1]  # the last is that there is nothing
        scores, places = tf.math.top_k(tf.reduce_max(classes, -1), tf.shape(classes)[1])
        named = tf.gather(tf.constant(labels(model)), tf.argmax(classes, -1))
        centre, size = tf.split(found["boxes"], 2, axis=-1)
        corner, extent = (x[:, None] for x in tf.split(image.part, 2, axis=1))
        ends = [corner + extent * (centre + sign * size / 2) for sign in (-1, 1)]
        boxes = tf.clip_by_value(tf.concat(ends, axis=-1), 0.0, 1.0)
        return {
            "labels": tf.gather(named, places, batch_dims=1),
            "scores": scores,
            "boxes": tf.gather(boxes, places, batch_dims=1),
        }
