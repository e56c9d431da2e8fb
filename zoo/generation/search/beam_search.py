"""The likeliest answer, token by token: with one beam greedy (Wu et al. 2016, section 7)."""

from keras import ops

from zoo.core.types import NonNegativeFloat, PositiveInt
from zoo.generation import beams
from zoo.generation.search import Search
from zoo.tasks.seq2seq_lm import Seq2SeqLM


class BeamSearch(Search):
    """Answers of up to `max_new_tokens`, the end token counted. `length_penalty` above 0 favours
    longer ones."""

    writes_with = Seq2SeqLM

    def __init__(
        self,
        max_new_tokens: PositiveInt,
        num_beams: PositiveInt = 1,
        length_penalty: NonNegativeFloat = 0.6,
    ):
        self.max_new_tokens, self.num_beams = max_new_tokens, num_beams
        self.length_penalty = length_penalty

    def find(self, task, tokenizer, source):
        start, end = tokenizer.start_token_id, tokenizer.end_token_id
        options = beams.BeamSearch(self.num_beams, self.max_new_tokens, end, self.length_penalty)
        rows = ops.shape(next(iter(source.values())))[0]
        begun = ops.full((rows, 1), end if start is None else start, "int32")
        found = beams.written(task, begun, options, source)
        return found.token_ids[:, 0], found.scores[:, 0]
