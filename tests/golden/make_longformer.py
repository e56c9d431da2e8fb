"""Make longformer.npz: Hugging Face's LongformerSelfAttention with a window of four each side.

Made with torch 2.13.0 and transformers 4.35.2. For each case

    <case>/config           JSON: one_sided_window, num_heads, head_dim
    <case>/weights/<name>   state dict: query, key, value and query_global, key_global,
                            value_global; a weight is [out, in]
    <case>/x                [batch, length, hidden]
    <case>/mask             bool [batch, length], True where a token is real
    <case>/global           bool [batch, length], True where a token is global; none is padding
    <case>/out              [batch, length, hidden]: before the output dense

A token that is not global sees the tokens at most four away and, once, every global token of its
row, all by query, key and value, in one softmax. A global token sees all real tokens of its row by
query_global, key_global and value_global alone. A padded query comes out as zero. Scores are
divided by the square root of head_dim.
"""

import numpy as np
import torch
from arrays import case_arrays, noise, prefixed, randomise, save
from transformers import LongformerConfig
from transformers.models.longformer.modeling_longformer import LongformerSelfAttention

WINDOW, HEADS, HEAD_DIM = 4, 2, 4

# length, real tokens of each row, global places of each row
CASES = {
    "local": (24, [24, 24], [[], []]),
    "local_padded": (32, [32, 19, 3], [[], [], []]),
    "global": (32, [32, 32], [[0, 13, 14], [5, 31]]),
    "global_in_one_row": (24, [24, 24], [[], [0, 9]]),
    "global_padded": (32, [32, 21, 9], [[0, 30], [0, 7, 20], [8]]),
}


@torch.no_grad()
def run_case(case, seed):
    length, lengths, places = CASES[case]
    rng = np.random.default_rng(seed)
    config = LongformerConfig(
        hidden_size=HEADS * HEAD_DIM,
        num_attention_heads=HEADS,
        attention_window=[2 * WINDOW],
        attention_probs_dropout_prob=0.0,
    )
    attention = LongformerSelfAttention(config, layer_id=0).eval()
    randomise(attention, rng)
    x = noise(rng, len(lengths), length, HEADS * HEAD_DIM)
    mask = np.arange(length) < np.array(lengths)[:, None]
    is_global = np.zeros_like(mask)
    for row, chosen in enumerate(places):
        is_global[row, chosen] = True
    # The layer takes the extended mask: negative for padding, positive for global tokens.
    extended = torch.from_numpy(np.where(is_global, 10000.0, np.where(mask, 0.0, -10000.0)))
    (out,) = attention(
        torch.from_numpy(x),
        attention_mask=extended,
        is_index_masked=extended < 0,
        is_index_global_attn=extended > 0,
        is_global_attn=bool(is_global.any()),
    )
    config = {"one_sided_window": WINDOW, "num_heads": HEADS, "head_dim": HEAD_DIM}
    arrays = {"x": x, "mask": mask, "global": is_global, "out": out.numpy()}
    return case_arrays(config, attention.state_dict(), **arrays)


def main():
    torch.set_num_threads(1)
    arrays = {}
    for seed, case in enumerate(CASES):
        arrays |= prefixed(case, run_case(case, seed))
    save(__file__, arrays)


if __name__ == "__main__":
    main()
