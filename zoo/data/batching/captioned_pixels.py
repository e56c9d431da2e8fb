"""A caption, then the picture it belongs to, as one sequence of tokens (Ramesh et al. 2021, DALL-E,
arXiv:2102.12092, section 2.2)."""

import numpy as np

from zoo.core.errors import ZooError, shown
from zoo.core.kinds import to_config
from zoo.core.types import Probability
from zoo.data.batching import Batch
from zoo.data.batching._captioned import Captioned
from zoo.data.batching._painted import Painted
from zoo.tokenizers.text_and_codes import TextAndCodes


class CaptionedPixels(Painted, Captioned):
    """The bytes of a document before its answer are a picture, row by row; the answer is its
    caption. Inputs are `token_ids` int32 `b t`: the start token, the caption, and all tokens of the
    picture but the last. Targets are the caption and the picture, int32 `b t`: the means of the
    losses over each are weighted, the caption by `text_weight`, as in the paper.
    Raises ZooError for a tokenizer that writes no captions."""

    def __init__(self, text_weight: Probability = 0.125, **kwargs):
        super().__init__(**kwargs)
        self.text_weight = text_weight

    def written(self, corpus, captions):
        if not isinstance(corpus.tokenizer, TextAndCodes):
            found = shown(to_config(corpus.tokenizer)["kind"])
            raise ZooError(f"found the tokenizer {found}, expected text_and_codes.")
        return corpus.tokenizer.captions(captions)

    def painted(self, corpus, seen):
        tokenizer, captions = self.writer(corpus), seen.targets
        pictures = tokenizer.write(seen.inputs["images"].astype("uint8"))
        tokens = np.concatenate([captions, pictures], axis=1)
        first = tokenizer.first(np.zeros(len(tokens)))[:, None]
        sizes = np.array([captions.shape[1], pictures.shape[1]])
        shares = np.array([self.text_weight, 1 - self.text_weight]) * tokens.shape[1] / sizes
        weights = np.repeat(shares, sizes)[None] * seen.weights
        inputs = {"token_ids": np.concatenate([first, tokens[:, :-1]], axis=1)}
        return Batch(inputs, tokens, weights.astype("float32"))
