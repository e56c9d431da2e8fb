"""What a recipe searches with finds what the writers find, and refuses other tasks."""

import numpy as np
import pytest
from bad_input import refused, says
from test_beams import BeamSearch, BeamWriter

from zoo.core.kinds import kinds, make
from zoo.generation.search import Search
from zoo.tokenizers.bytes import Bytes


@pytest.fixture(scope="module")
def seq2seq():
    from zoo.backbones import Backbone
    from zoo.tasks import Task

    attention = {"kind": "multi_head", "num_heads": 2, "head_dim": 8}
    part = {"kind": "transformer", "num_layers": 1, "hidden_dim": 16}
    blocks = {"attention": attention, "feed_forward": {"kind": "plain", "intermediate_dim": 16}}
    reads = {"kind": "pre_norm", **blocks, "attention": {**attention, "pattern": "full"}}
    cross = {"kind": "cross", "num_heads": 2, "head_dim": 8}
    writes = {"kind": "cross_pre_norm", **blocks, "cross_attention": cross}
    node = {
        "kind": "encoder_decoder",
        "encoder": {**part, "blocks": reads},
        "decoder": {**part, "blocks": writes},
    }
    backbone = make(Backbone, node, vocabulary_size=Bytes.vocabulary_size)
    return make(Task, "seq2seq_lm", backbone=backbone)


def test_beams_answer_each_row_as_if_it_were_alone(seq2seq, draw):
    ids = draw.integers(0, 200, (3, 6)).astype("int32")
    source = {"encoder_token_ids": ids, "encoder_padding_mask": np.arange(6) < [[6], [4], [2]]}
    node = {"kind": "beam_search", "max_new_tokens": 5, "num_beams": 3, "length_penalty": 0.6}
    found = make(Search, node).begin(seq2seq, Bytes())(source)
    end = Bytes().end_token_id
    for row, answer in enumerate(found):
        alone = {name: x[row : row + 1] for name, x in source.items()}
        wanted = BeamWriter(seq2seq).best(np.array([[end]]), BeamSearch(3, 5, end, 0.6), alone)
        np.testing.assert_array_equal(answer, wanted[0])


@pytest.mark.parametrize("kind", kinds("generation/search"))
def test_a_task_that_reads_nothing_is_refused(kind, gpt_lm):
    node = {"kind": kind, **({"max_new_tokens": 5} if kind == "beam_search" else {})}
    message = refused(make(Search, node).begin, gpt_lm, Bytes())
    says(message, "CausalLM does not answer in this way", "beam_search for seq2seq_lm")
