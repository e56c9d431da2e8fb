"""Make big_bird.npz: Hugging Face's block-sparse attention of BigBird, and its random plans.

Made with torch 2.13.0, transformers 4.35.2 and numpy 1.26.4. For each case

    <case>/config           JSON: block_size, num_random_blocks, num_heads, head_dim, use_bias,
                            num_blocks, training
    <case>/weights/<name>   state dict: query, key, value; a weight is [out, in]
    <case>/x                [batch, length, hidden]
    <case>/mask             bool [batch, length], True where a token is real
    <case>/random           int32 [heads, blocks - 2, r]: the random key blocks of the query
                            blocks 1 ... blocks - 2, which the layer drew or was given
    <case>/out              [batch, length, hidden]: before the output dense; zero where padded

Query block 0 and the last see all keys. Block 1 sees the blocks 0, 1, 2, last and its random ones;
the last but one 0, the last three and its random ones; another i sees 0, i-1, i, i+1, last and its
random ones. A block listed twice counts twice in the softmax.

In evaluation mode the original draws nothing: every random id is 0, so block 0 counts r times more.

The plans are what the original draws in training with 12 heads, blocks of 64, three random blocks
and numpy's global generator seeded with the number of the layer:

    plan/layer<l>/length<n>      int16 [3, n/64 - 2, 3]: heads 0, 1 and 11
    plan/layer<l>/length<n>_sum  int64, the sum over all twelve heads

1024 and 4096 follow the plan of the paper (made for 4096, blocks 1 to 15, cut to the length);
768, 1280 and 2048 the general plan.
"""

import numpy as np
import torch
from arrays import case_arrays, noise, prefixed, randomise, save
from transformers import BigBirdConfig
from transformers.models.big_bird.modeling_big_bird import (
    BigBirdBlockSparseAttention,
    BigBirdModel,
)

BLOCK, HEADS, HEAD_DIM, BATCH = 4, 2, 4, 2

# blocks, random blocks, training, what the ids are ("drawn" by the original or "any"), lengths
CASES = {
    "drawn": (12, 1, True, "drawn", None),
    "drawn_two": (14, 2, True, "drawn", None),
    "repeated": (13, 2, True, "any", None),
    "smallest": (5, 1, True, "any", None),
    "padded": (16, 2, True, "any", [64, 54, 7]),
    "evaluation": (12, 2, False, "drawn", None),
    "evaluation_padded": (12, 1, False, "drawn", [48, 31]),
}
UNBIASED = "drawn_two"  # as in BigBird-Pegasus


def layer(num_heads, head_dim, block_size, num_random_blocks, use_bias=True, seed=0):
    config = BigBirdConfig(
        hidden_size=num_heads * head_dim,
        num_attention_heads=num_heads,
        block_size=block_size,
        num_random_blocks=num_random_blocks,
        use_bias=use_bias,
    )
    return BigBirdBlockSparseAttention(config, seed=seed)


def any_ids(rng, blocks, count):
    """Ids from all blocks, so that some are global, in the window, or twice in a row."""
    ids = rng.integers(0, blocks, (HEADS, blocks - 2, count))
    ids[0, 0] = 1  # block 1 sees itself again
    ids[1, 1] = blocks - 1  # the global last block again, for all random blocks of the row
    ids[0, -1] = 0
    return ids


@torch.no_grad()
def run_case(case, seed):
    blocks, count, training, ids, lengths = CASES[case]
    rng = np.random.default_rng(seed)
    attention = layer(HEADS, HEAD_DIM, BLOCK, count, use_bias=case != UNBIASED).train(training)
    randomise(attention, rng)
    draw = attention._bigbird_block_rand_mask_with_head
    used = []

    def given(**arguments):
        if ids == "drawn":
            used.extend(draw(**arguments))
        else:
            used.extend(any_ids(rng, blocks, count))
        return used

    attention._bigbird_block_rand_mask_with_head = given
    length = blocks * BLOCK
    lengths = np.array(lengths or [length] * BATCH)
    mask = np.arange(length) < lengths[:, None]
    x = noise(rng, len(lengths), length, HEADS * HEAD_DIM)
    blocked, band, from_mask, to_mask = BigBirdModel.create_masks_for_block_sparse_attn(
        torch.from_numpy(mask.astype("float32")), BLOCK
    )
    (out,) = attention(torch.from_numpy(x), band, from_mask, to_mask, blocked, blocked)
    config = {
        "block_size": BLOCK,
        "num_random_blocks": count,
        "num_heads": HEADS,
        "head_dim": HEAD_DIM,
        "use_bias": case != UNBIASED,
        "num_blocks": blocks,
        "training": training,
    }
    random = np.stack(used).astype("int32")
    return case_arrays(
        config, attention.state_dict(), x=x, mask=mask, random=random, out=out.numpy()
    )


def plan(number, length, block=64, heads=12, count=3):
    attention = layer(heads, 1, block, count).train()
    np.random.seed(number)
    if length in (1024, 4096):
        size = attention.max_seqlen  # 4096
        draws = [
            attention._bigbird_block_rand_mask(size, size, block, block, count, last_idx=1024)
            for _ in range(heads)
        ]
        return np.stack(draws)[:, : length // block - 2]
    lengths, counts = attention._get_rand_attn_plan(length, block, count)
    draws = attention._bigbird_block_rand_mask_with_head(
        length, length, block, block, heads, lengths, counts
    )
    return np.stack(draws)


def main():
    torch.set_num_threads(1)
    arrays = {}
    for seed, case in enumerate(CASES):
        arrays |= prefixed(case, run_case(case, seed))
    for number in (0, 1):
        for length in (768, 1024, 1280, 2048, 4096):
            ids = plan(number, length)
            arrays[f"plan/layer{number}/length{length}"] = ids[[0, 1, 11]].astype("int16")
            arrays[f"plan/layer{number}/length{length}_sum"] = np.int64(ids.sum())
    save(__file__, arrays)


if __name__ == "__main__":
    main()
