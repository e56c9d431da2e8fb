"""Make reformer.npz: Hugging Face's LSHSelfAttention and LocalSelfAttention of the Reformer.

Made with torch 2.13.0 and transformers 4.35.2, in evaluation mode. For each case

    <case>/config           JSON: kind (lsh or local), causal, chunk_length, chunks_before,
                            chunks_after, num_heads, head_dim, and for lsh num_hashes, num_buckets
    <case>/weights/<name>   state dict: query_key and value, or query, key and value;
                            [heads * head_dim, hidden], no biases
    <case>/x                [batch, length, hidden]
    <case>/mask             bool [batch, length], True where a token is real; absent when the
                            layer was given none
    <case>/rotations        lsh: [heads, head_dim, hashes, sum of the bucket factors / 2]
    <case>/buckets          lsh: int32 [batch, heads, hashes, length], hash h counted on from
                            h * buckets
    <case>/out              [batch, length, heads * head_dim]: before the output dense

The quirks of the original, and which case shows it:

- Neighbouring chunks go round in a circle. Without a causal mask the first chunk of `local` sees
  the last; in `lsh` the chunks of all hashes make one circle, so that the first chunk of a hash
  sees the last chunk of the hash before it. `lsh_wrapped` and `local_wrapped` have two chunks and
  look both ways: the other chunk is listed, and counts, twice.
- A query sees all of its chunks, whatever the bucket, and a key found by several hashes counts in
  each (`lsh_hashes`, `lsh_causal_hashes`).
- LSH keys are the queries divided by sqrt(mean of squares + 1e-6) and by sqrt(head_dim); there is
  no other scale. Local keys are divided by sqrt(head_dim).
- Scores are replaced, not added to: what must not be seen by -1e9, then a token's own place by
  -1e5. So a token sees itself only when nothing else is left (`lsh_causal`: the first).
- Weights are exp(score - logsumexp), and float32 near -1e5 knows only multiples of 1/128. So a
  token which in every hash sees nothing but itself comes out as its value times 0.99784 with two
  hashes and 1.00349 with four, or a little else where it is listed twice, instead of 1 (the first
  places of the causal cases with several hashes, and padding).
- If any token of the batch is padding, all padding goes to one bucket more, after the others, and
  a hash has buckets + 1 of them (`lsh_padded`, `lsh_causal_padded`). With a mask of ones it has
  not (`lsh_mask_of_ones`). Padded queries come out as they come, not as zero.
- Factorised buckets [2, 4] give first + 2 * second (`lsh_factors`).
- A sequence no longer than a chunk gets full attention with the same keys and self mask, and no
  buckets (`lsh_short`, `local_short`).
"""

from unittest import mock

import numpy as np
import torch
from arrays import case_arrays, noise, prefixed, randomise, save
from transformers import ReformerConfig
from transformers.models.reformer.modeling_reformer import LocalSelfAttention, LSHSelfAttention

CHUNK, HEADS, HEAD_DIM, HIDDEN = 4, 2, 4, 10
SEED = 300  # with this one no token stands nearly between two buckets

LSH = {
    "kind": "lsh",
    "causal": False,
    "length": 16,
    "lengths": None,
    "chunks_before": 1,
    "chunks_after": 0,
    "num_hashes": 1,
    "num_buckets": 4,
}
LOCAL = {**LSH, "kind": "local"}
CASES = {
    "lsh": LSH,
    "lsh_causal": {**LSH, "causal": True},
    "lsh_hashes": {**LSH, "num_hashes": 2, "length": 24},
    "lsh_causal_hashes": {**LSH, "causal": True, "num_hashes": 4},
    "lsh_factors": {**LSH, "num_hashes": 2, "num_buckets": [2, 4], "length": 32},
    "lsh_causal_factors": {**LSH, "causal": True, "num_hashes": 2, "num_buckets": [2, 4]},
    "lsh_padded": {**LSH, "num_hashes": 2, "lengths": [16, 11]},
    "lsh_causal_padded": {
        **LSH,
        "causal": True,
        "num_hashes": 4,
        "num_buckets": [2, 4],
        "length": 24,
        "lengths": [24, 13, 2],
    },
    "lsh_mask_of_ones": {**LSH, "num_hashes": 2, "lengths": [16, 16]},
    "lsh_after": {**LSH, "num_hashes": 2, "chunks_after": 1},
    "lsh_alone": {**LSH, "num_hashes": 2, "chunks_before": 0},
    "lsh_wrapped": {**LSH, "length": 8, "chunks_after": 1},
    "lsh_short": {**LSH, "length": 4, "causal": True},
    "local": LOCAL,
    "local_causal": {**LOCAL, "causal": True},
    "local_padded": {**LOCAL, "lengths": [16, 11]},
    "local_causal_padded": {**LOCAL, "causal": True, "lengths": [16, 11]},
    "local_after": {**LOCAL, "chunks_after": 1},
    "local_alone": {**LOCAL, "chunks_before": 0},
    "local_wrapped": {**LOCAL, "length": 8, "chunks_after": 1},
    "local_short": {**LOCAL, "length": 4, "causal": True},
}


@torch.no_grad()
def run_case(case, seed):
    options = dict(CASES[case])
    length, lengths = options.pop("length"), options.pop("lengths")
    rng = np.random.default_rng(seed)
    config = ReformerConfig(
        hidden_size=HIDDEN,
        num_attention_heads=HEADS,
        attention_head_size=HEAD_DIM,
        is_decoder=options["causal"],
        num_hashes=options["num_hashes"],
        num_buckets=options["num_buckets"],
        lsh_attn_chunk_length=CHUNK,
        lsh_num_chunks_before=options["chunks_before"],
        lsh_num_chunks_after=options["chunks_after"],
        local_attn_chunk_length=CHUNK,
        local_num_chunks_before=options["chunks_before"],
        local_num_chunks_after=options["chunks_after"],
    )
    attention = (LSHSelfAttention if options["kind"] == "lsh" else LocalSelfAttention)(config)
    attention.eval()
    randomise(attention, rng)
    arrays = {"x": noise(rng, len(lengths or "ab"), length, HIDDEN)}
    mask = None
    if lengths:
        arrays["mask"] = np.arange(length) < np.array(lengths)[:, None]
        mask = torch.from_numpy(arrays["mask"])

    def rotations(shape, **_):
        arrays["rotations"] = noise(rng, *shape)
        return torch.from_numpy(arrays["rotations"])

    with mock.patch.object(torch, "randn", rotations):
        result = attention(torch.from_numpy(arrays["x"]), attention_mask=mask)
    if options["kind"] == "local":
        del options["num_hashes"], options["num_buckets"]
    elif result.buckets is not None:
        arrays["buckets"] = result.buckets.numpy().astype("int32")
    arrays["out"] = result.hidden_states.numpy()
    options |= {"chunk_length": CHUNK, "num_heads": HEADS, "head_dim": HEAD_DIM}
    return case_arrays(options, attention.state_dict(), **arrays)


def main():
    torch.set_num_threads(1)
    arrays = {}
    for seed, case in enumerate(CASES):
        arrays |= prefixed(case, run_case(case, SEED + seed))
    save(__file__, arrays)


if __name__ == "__main__":
    main()
