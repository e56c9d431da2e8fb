"""What the patterns of DALL-E share (arXiv 2102.12092, appendix B.1)."""

import numpy as np

from zoo.attention.patterns import Pattern


class TextAndImage(Pattern):
    """`text_length` places of text, causal, then an image in lines of `width` places. A place of
    the image sees all text and, of the image before it, what `image` allows."""

    causal = True
    shift_invariant = False
    text_length: int
    image: Pattern

    def allowed(self, query, key, head=0):
        start = self.text_length
        of_image = self.image.allowed(query - start, key - start, head)
        return ((key < start) | of_image) & (key <= query)

    def some(self, box, head=0):
        last_query, last_key = box.query_last, box.key_last
        image, text = self._image(box), box.key_first < self.text_length
        seen = self.image.some(image, head) & (np.minimum(last_query, last_key) >= self.text_length)
        return (text | seen) & (box.farthest() >= 0)

    def every(self, box, head=0):
        text = box.key_last < self.text_length
        return (text | self.image.every(self._image(box), head)) & (box.nearest() >= 0)

    def _image(self, box):
        """The part of each box that lies in the image."""
        return type(box)(*(np.maximum(place - self.text_length, 0) for place in box))
