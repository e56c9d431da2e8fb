"""SavedModels that are not of the zoo: what a server must serve as well."""

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from zoo.serving.server.servable import WARM_UP

TEXT = tf.TensorSpec([None], tf.string, "text")


class Numbers(tf.Module):
    """`n` numbers of texts, times a weight; what is no number is refused by the graph."""

    def __init__(self, weight=1.0):
        super().__init__()
        self.weight = tf.Variable(weight)

    @tf.function(input_signature=[TEXT])
    def number(self, text):
        return {"number": tf.strings.to_number(text) * self.weight}

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, "x")])
    def halve(self, x):
        return {"y": x / 2.0}

    @tf.function(input_signature=[TEXT])
    def shout(self, text):
        return {"text": tf.strings.upper(text)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, "x")])
    def file(self, x):
        return {"y": tf.strings.length(tf.io.read_file("/nowhere/secret")) + x}

    @tf.function(input_signature=[TEXT])
    def padded(self, text):
        return {"codes": tf.strings.unicode_decode(text, "UTF-8").to_tensor()}

    @tf.function(
        input_signature=[TEXT, tf.TensorSpec([None], tf.int32, "memory_count")],
    )
    def count(self, text, memory_count):
        return {"memory_count": memory_count + tf.strings.length(text)}

    @tf.function(input_signature=[TEXT, tf.TensorSpec([None], tf.float32, "temperature")])
    def warm(self, text, temperature):
        return {"warmth": tf.strings.to_number(text) * temperature}


NAMES = ("halve", "shout", "file", "padded", "count", "warm")


def save(folder, weight=1.0):
    """Write a version of `Numbers`; `number` is what a person would call first."""
    module = Numbers(weight)
    named = {"serving_default": module.number} | {name: getattr(module, name) for name in NAMES}
    tf.saved_model.save(module, str(folder), signatures=named)
    return folder


def warm_up_with(folder, text, signature="serving_default"):
    """Put a request to replay beside a SavedModel."""
    request = predict_pb2.PredictRequest()
    request.model_spec.signature_name = signature
    request.inputs["text"].CopyFrom(tf.make_tensor_proto([text]))
    log = prediction_log_pb2.PredictLog(request=request)
    (folder / WARM_UP).parent.mkdir()
    with tf.io.TFRecordWriter(str(folder / WARM_UP)) as records:
        records.write(prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString())


def texts(*rows):
    return np.array([row.encode() for row in rows], object)
