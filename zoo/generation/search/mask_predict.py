"""All tokens at once, then the doubtful ones again (Ghazvininejad et al. 2019, section 3)."""

from zoo.core.types import PositiveInt
from zoo.generation import mask_predict
from zoo.generation.search import Search
from zoo.tasks.mask_predict_lm import MaskPredictLM


class MaskPredict(Search):
    """`num_turns` is how often tokens are written; texts of `num_lengths` lengths are tried."""

    writes_with = MaskPredictLM

    def __init__(self, num_turns: PositiveInt = 10, num_lengths: PositiveInt = 5):
        self.num_turns, self.num_lengths = num_turns, num_lengths

    def find(self, task, tokenizer, source):
        options = mask_predict.MaskPredict(
            tokenizer.mask_token_id, tokenizer.end_token_id, self.num_turns, self.num_lengths
        )
        found = mask_predict.written(task, source, options)
        return found.token_ids[:, 0], found.scores[:, 0]
