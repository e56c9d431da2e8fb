"""A backbone: token ids in, hidden states out. The one door to `keras_hub.models.Backbone`."""

from typing import Any

import keras
import keras_hub
from keras import ops, tree

from zoo.core.kinds import Kind

KERAS_HUB_BACKBONE = keras_hub.models.Backbone


class Backbone(Kind, KERAS_HUB_BACKBONE):
    """The contract of every backbone. `run` is the one forward pass, and what Keras calls."""

    shelf = "backbones"
    max_sequence_length: int | None = None
    """How many tokens can be seen from the start; None when there is no end."""
    max_source_length: int | None = None
    """How many tokens of a source can be read; None when there is no end, or no source."""
    grid: tuple[int, int] | None = None
    """The rows and columns of places that are given of a picture; None where none are."""
    memory_length: int | None = None
    """How many tokens are remembered from segment to segment; None when nothing is."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        keras.saving.register_keras_serializable("zoo")(cls)

    @property
    def input_spec(self) -> None:
        """Keras would ask for every input; masks and marks may be left out."""

    def call(self, inputs: dict[str, Any], training: Any = None, mask: Any = None) -> Any:
        return self.run(tree.map_structure(ops.convert_to_tensor, inputs))[0]

    def run(self, inputs: dict[str, Any], state: Any = ()) -> tuple[Any, Any]:
        """`token_ids` int32 `b t`, `padding_mask` bool `b t` if there is padding, and the marks
        `b t` a pattern asks for -> hidden states `b t d` and the next state."""
        raise NotImplementedError

    def initial_state(self, batch_size: Any, num_slots: int) -> Any:
        """The state before the first token, with room for `num_slots` tokens where a layer does
        not set its own."""
        raise NotImplementedError
