"""Embeddings of tokens: ids to vectors, and back: vectors to a score for every token."""

from typing import Any, ClassVar

import keras

from zoo.core.kinds import Kind, options


class TokenEmbedding(Kind, keras.layers.Layer):
    """The contract of every embedding of tokens, the layer a backbone begins with and a task that
    ties its embeddings ends with. Called with token ids int `b t` it gives `b t d`; called with
    hidden states `… d` and `reverse=True`, scores `… v`."""

    shelf = "embeddings"
    num_axes: ClassVar[int] = 2
    """How many axes its token ids have: 3, `b t w`, where a place holds several."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        keras.saving.register_keras_serializable("zoo.embeddings")(cls)

    def get_config(self) -> dict[str, Any]:
        return {**keras.layers.Layer.get_config(self), **options(self)}
