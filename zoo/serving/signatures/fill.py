"""What stands where a text says [MASK]."""

import tensorflow as tf

from zoo.core.checked import checked
from zoo.core.errors import ZooError
from zoo.core.types import PositiveInt
from zoo.serving.signatures import Signature, Texts
from zoo.serving.signatures._reading import framed, scores

MASK = "[MASK]"


class Fill(Signature):
    """text string `b`, in which [MASK] stands for a token to be guessed -> tokens string `b n k`
    and token_ids int32 `b n k`, the `num_tokens` likeliest for each of n masks, the likeliest
    first, and probabilities float32 `b n k`; empty and 0 behind the last mask of a text. An error
    for a text without a mask."""

    tasks = ("masked_lm",)
    texts = ("text",)
    first = True

    def __init__(self, num_tokens: PositiveInt = 5):
        self.num_tokens = num_tokens

    def example(self, text):
        return f"{MASK} {text}"

    def takes(self, model):
        if model.tokenizer.mask_token_id is None:
            raise ZooError("the tokenizer has no mask, which stands for a token to be guessed.")
        return []

    def read(self, model, text):
        """The tokens of what stands between masks, joined by the token of the mask. The space
        before a mask belongs to the word that it hides."""
        parts = tf.strings.split(text, MASK)
        last = tf.concat([parts.row_splits[1:] - 1], 0)
        ends = tf.scatter_nd(last[:, None], tf.ones_like(last), tf.shape(parts.values, tf.int64))
        clean = tf.strings.regex_replace(parts.values, r"\s+$", "", replace_global=False)
        tokens = model.tokenizer.tokenize(tf.where(ends > 0, parts.values, clean))
        masks = tf.fill([tokens.nrows(), 1], model.tokenizer.mask_token_id)
        masks = tf.RaggedTensor.from_tensor(masks, lengths=1 - ends)
        joined = parts.with_values(tf.concat([tokens, masks], axis=1)).merge_dims(1, 2)
        return Texts(joined, tf.strings.length(text))

    def answer(self, model, text):
        inputs = framed(model, text)
        masked = inputs["token_ids"] == model.tokenizer.mask_token_id
        there = tf.reduce_all(tf.reduce_any(masked, axis=1))
        masked = checked(masked, there, f"text: expected {MASK} in it, or nearer its beginning.")
        likely = tf.boolean_mask(scores(model, inputs, axis=1), masked)
        found = tf.RaggedTensor.from_row_lengths(likely, tf.math.count_nonzero(masked, axis=1))
        probabilities, ids = tf.math.top_k(tf.nn.softmax(found.values), self.num_tokens)
        pieces = tf.gather(tf.constant(model.tokenizer.pieces()), ids)
        words = tf.strings.regex_replace(pieces, "^ ", "", replace_global=False)
        return {
            "tokens": found.with_values(words).to_tensor(""),
            "token_ids": found.with_values(ids).to_tensor(model.tokenizer.end_token_id),
            "probabilities": found.with_values(probabilities).to_tensor(0.0),
        }
