"""What is seen of every stride in the fixed pattern."""

import numpy as np

from zoo.attention.patterns import Pattern


class Summary(Pattern):
    """`width` places of each stride, other ones for each of `num_groups` heads in turn."""

    causal = True
    shift_invariant = False

    def __init__(self, stride: int, width: int, num_groups: int):
        self.stride, self.width, self.num_groups = stride, width, num_groups
        self.by_head = num_groups > 1

    def allowed(self, query, key, head=0):
        return (self._into(key, head) < self.width) & (key <= query)

    def some(self, box, head=0):
        into = self._into(box.key_first, head)
        first = box.key_first + np.where(into < self.width, 0, self.stride - into)
        return first <= np.minimum(box.key_last, box.query_last)

    def every(self, box, head=0):
        last = self._into(box.key_first, head) + box.key_last - box.key_first
        return ((last < self.width) | (self.width == self.stride)) & (box.nearest() >= 0)

    def _into(self, key, head):
        """How far behind the first place of a summary a key lies."""
        from_end = (head % self.num_groups + 1) * self.width
        return (key + from_end) % self.stride
