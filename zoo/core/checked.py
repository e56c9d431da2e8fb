"""What a graph says where it is asked for what it cannot do."""

import re
from typing import Any

ASSERTED = re.compile(r"assertion failed: \[(.+?)\](?= \[|$)", re.MULTILINE)
"""What such an error says, among what TensorFlow wraps around it; brackets may stand in it."""


def checked(x: Any, holds: Any, message: Any) -> Any:
    """The same tensor, or an error with a message, text or string, where something does not hold,
    bool."""
    import tensorflow as tf

    check = tf.debugging.Assert(holds, [message])
    with tf.control_dependencies([check] if check is not None else []):
        return tf.identity(x)
