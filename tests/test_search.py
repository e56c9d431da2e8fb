"""What a recipe searches with finds what the writers find, and refuses other tasks."""

from types import SimpleNamespace

import numpy as np
import pytest
from bad_input import refused, says
from examples import VOCABULARY
from test_beams import BeamSearch, BeamWriter
from test_encoder_decoder import seq2seq

from zoo.core.kinds import kinds, make
from zoo.generation.search import Search

END = 1
TOKENS = SimpleNamespace(end_token_id=END, start_token_id=None)


def test_beams_answer_each_row_as_if_it_were_alone(draw):
    task, ids = seq2seq(), draw.integers(0, VOCABULARY, (3, 6)).astype("int32")
    source = {"encoder_token_ids": ids, "encoder_padding_mask": np.arange(6) < [[6], [4], [2]]}
    node = {"kind": "beam_search", "max_new_tokens": 5, "num_beams": 3, "length_penalty": 0.6}
    found = make(Search, node).begin(task, TOKENS)(source)
    writer, start = BeamWriter(task), np.array([[END]])
    for row, answer in enumerate(found):
        alone = {name: x[row : row + 1] for name, x in source.items()}
        wanted = writer.best(start, BeamSearch(3, 5, END, 0.6), alone)
        np.testing.assert_array_equal(answer, wanted[0])


@pytest.mark.parametrize("kind", kinds("generation/search"))
def test_a_task_that_reads_nothing_is_refused(kind, gpt_lm):
    node = {"kind": kind, **({"max_new_tokens": 5} if kind == "beam_search" else {})}
    message = refused(make(Search, node).begin, gpt_lm, TOKENS)
    says(message, "CausalLM does not answer in this way", "beam_search for seq2seq_lm")
