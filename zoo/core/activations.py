"""Activations by name. `gelu` is exact (BERT, GPT with PyTorch), `gelu_approximate` the tanh form
(GPT-2, BigBird), `gelu_sigmoid` the one of the Sparse Transformer and DALL·E; `squared_relu` is
Primer's, `hard_swish` that of MobileNetV3."""

from keras import ops

ACTIVATIONS = {
    "tanh": ops.tanh,
    "relu": ops.relu,
    "squared_relu": lambda x: ops.square(ops.relu(x)),
    "silu": ops.silu,
    "elu": ops.elu,
    "hard_swish": ops.hard_silu,
    "gelu": lambda x: ops.gelu(x, approximate=False),
    "gelu_approximate": lambda x: ops.gelu(x, approximate=True),
    "gelu_sigmoid": lambda x: x * ops.sigmoid(1.702 * x),
}
