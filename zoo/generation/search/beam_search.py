"""The likeliest answer, token by token: with one beam greedy (Wu et al. 2016, section 7)."""

import numpy as np

from zoo.core.types import NonNegativeFloat, PositiveInt
from zoo.generation import beams
from zoo.generation.search import Search, require
from zoo.tasks.seq2seq_lm import Seq2SeqLM


class BeamSearch(Search):
    """Answers of up to `max_new_tokens`, the end token counted. `length_penalty` above 0 favours
    longer ones."""

    def __init__(
        self,
        max_new_tokens: PositiveInt,
        num_beams: PositiveInt = 1,
        length_penalty: NonNegativeFloat = 0.6,
    ):
        self.max_new_tokens, self.num_beams = max_new_tokens, num_beams
        self.length_penalty = length_penalty

    def begin(self, task, tokenizer):
        require(task, Seq2SeqLM)
        writer, end = beams.BeamWriter(task), tokenizer.end_token_id
        options = beams.BeamSearch(self.num_beams, self.max_new_tokens, end, self.length_penalty)
        start = end if tokenizer.start_token_id is None else tokenizer.start_token_id

        def answer(source):
            rows = len(source["encoder_token_ids"])
            return writer.best(np.full((rows, 1), start, "int32"), options, source)

        return answer
