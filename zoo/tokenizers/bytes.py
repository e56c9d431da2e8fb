"""Every byte is a token: no vocabulary to train, no operation beyond core TensorFlow."""

from zoo.tokenizers import Tokenizer

NUM_BYTES = 256


class Bytes(Tokenizer):
    """Token ids 0 to 255 are the bytes of UTF-8 text; 256 ends a document."""

    vocabulary_size = NUM_BYTES + 1
    end_token_id = NUM_BYTES

    def read_all(self, documents):
        return list(documents)

    def tokenize(self, text):
        import tensorflow as tf

        characters = tf.strings.bytes_split(tf.convert_to_tensor(text))
        values = tf.io.decode_raw(characters.values, tf.uint8, fixed_length=1)
        return characters.with_values(tf.cast(tf.reshape(values, [-1]), tf.int32))

    def pieces(self):
        return [bytes([value]) for value in range(NUM_BYTES)] + [b""]
