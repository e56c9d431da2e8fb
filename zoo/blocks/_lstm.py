"""Long short-term memory (Hochreiter and Schmidhuber 1997), a whole layer at once."""

import keras


class Lstm(keras.layers.LSTM):
    """Answers all outputs `b t d`, then the last output and the last cell, `b d`. Weights begin
    uniform within ±`spread`; with `forget_bias`, what forgets begins 1 higher.

    Padding, told by the argument `mask`, passes the state through. The kernels of cuDNN are left
    alone: XLA does not compile them.
    """

    def __init__(self, units: int, spread: float, forget_bias: bool, **kwargs):
        uniform = keras.initializers.RandomUniform
        super().__init__(
            units,
            kernel_initializer=uniform(-spread, spread),
            recurrent_initializer=uniform(-spread, spread),
            unit_forget_bias=forget_bias,
            return_sequences=True,
            return_state=True,
            use_cudnn=False,
            **kwargs,
        )

    def compute_mask(self, *_, **__):
        """What comes out carries no mask along: every layer of the zoo is told its own."""
