"""Make positions.npz: what the position encodings of the originals give.

Made with torch 2.13.0, transformers 4.35.2 and numpy 1.26.4. Queries and keys are `b t h e`
([batch, length, heads, size]) throughout, position ids int32 [batch, length], scores
[batch, heads, query, key].

By the code of Hugging Face:

    rotary/<case>/...      query, key, position_ids -> query_out, key_out; config as JSON
        half_split, linear, dynamic, dynamic_short: LLaMA; feature i turns with i + size / 2.
        The dynamic base depends on the length given to the embedding, `length` of the config,
        and is the plain one up to max_position_embeddings (dynamic_short).
        partial: GPT-NeoX, rotary_pct 0.5; the first half of the features turns, half split.
        interleaved, interleaved_partial: GPT-J; feature 2i turns with 2i + 1.
    alibi/heads<h>/...     slopes [h], bias [batch, heads, key] for mask [batch, key]: BLOOM adds
                           slope * key place, places counted over real tokens, 0 at padding
    t5/both, t5/back       int32 [601]: bucket of key place - query place = -300 ... 300, 32
                           buckets, distance 128, bidirectional or not; _small: 8 and 20
    t5/bias, t5/table      [heads, 6, 9] from [8 buckets, heads], as both_small
    sinusoid/<layout>      [10, 16], by place
        marian: sines | cosines, place * 10000^(-2i/16)
        interleaved (DistilBERT, as the paper): sine, cosine in turn, the same frequencies
        fairseq: sines | cosines, place * 10000^(-i/7), row 1 (padding) zero; the first token of
                 a text has row 2
        tensor2tensor: by formula, as fairseq but with no zero row; the first token has row 0

By definition, in plain numpy in float64 (the originals need TensorFlow 1, or there is none):

    yarn/<case>/...        YaRN (arXiv 2309.00071), config as JSON, inverse_frequencies [size / 2],
                           magnitude []: cosines and sines are both multiplied by it.
                           paper: the ramp is linear in the number of turns, between alpha and beta.
                           release: the ramp is linear in the feature, between the features with
                           beta and alpha turns, rounded outwards, as in the authors' code.
                           Also query, key, position_ids -> query_out, key_out, half split.
    music/<case>/...       Music Transformer: query, key, value, table -> scores, out. The last row
                           of `table` [(heads,) rows, size] is distance 0, the row before it 1, ...;
                           a distance with no row scores 0. Both terms over sqrt(size), causal;
                           scores after the query are 0. `unmasked`: 2 * length - 1 rows, row
                           key - query + length - 1, no mask.
    shaw/<case>/...        Shaw et al. 2018: query, key, value, keys, values -> scores, out. Row
                           clip(key - query, -k, k) + k of `keys` and `values`
                           [(heads,) 2k + 1, size] is added to the key and to the value.
                           `edges`: row labels[query, key] instead; -1 is no edge: not seen,
                           score 0. `causal`: keys after the query are not seen, but scored.
    botnet/...             query, key [batch, rows * columns, heads, size], rows_table
                           [2 * rows - 1, size], columns_table [2 * columns - 1, size] ->
                           content, relative [batch, heads, query, key]: both over sqrt(size).
                           Row key - query + rows - 1, and likewise for columns.
"""

import json
import math

import numpy as np
import torch
from arrays import noise, prefixed, save
from transformers import GPTNeoXConfig, T5Config
from transformers.models.bloom.modeling_bloom import build_alibi_tensor
from transformers.models.distilbert.modeling_distilbert import create_sinusoidal_embeddings
from transformers.models.gpt_neox.modeling_gpt_neox import GPTNeoXAttention
from transformers.models.gptj import modeling_gptj as gptj
from transformers.models.llama import modeling_llama as llama
from transformers.models.m2m_100.modeling_m2m_100 import M2M100SinusoidalPositionalEmbedding
from transformers.models.marian.modeling_marian import MarianSinusoidalPositionalEmbedding
from transformers.models.t5.modeling_t5 import T5Attention

BATCH, LENGTH, HEADS, SIZE = 2, 12, 2, 8
STARTS = np.array([[0], [5]])


def text(**config):
    return np.array(json.dumps(config, sort_keys=True))


def tokens(rng, names="query key", size=SIZE, length=LENGTH):
    return {name: noise(rng, BATCH, length, HEADS, size) for name in names.split()}


def heads_first(array):
    return torch.from_numpy(array).transpose(1, 2)


def heads_third(tensor):
    return tensor.transpose(1, 2).contiguous().numpy()


def softmax(scores):
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def single(arrays):
    return {
        name: array.astype("float32") if array.dtype == "float64" else array
        for name, array in arrays.items()
    }


# Rotary encodings by Hugging Face.

LLAMA = {
    "half_split": (llama.LlamaRotaryEmbedding, 64, {}),
    "linear": (llama.LlamaLinearScalingRotaryEmbedding, 64, {"scaling_factor": 4.0}),
    "dynamic": (llama.LlamaDynamicNTKScalingRotaryEmbedding, 8, {"scaling_factor": 2.0}),
    "dynamic_short": (llama.LlamaDynamicNTKScalingRotaryEmbedding, 64, {"scaling_factor": 2.0}),
}


def by_llama(rng, case):
    kind, maximum, options = LLAMA[case]
    length = LENGTH + int(STARTS.max())
    cos, sin = kind(SIZE, maximum, **options)(torch.zeros(1), seq_len=length)
    x, places = tokens(rng), STARTS + np.arange(LENGTH)
    turned = llama.apply_rotary_pos_emb(
        heads_first(x["query"]), heads_first(x["key"]), cos, sin, torch.from_numpy(places)
    )
    config = text(length=length, max_position_embeddings=maximum, **options)
    outs = dict(zip(("query_out", "key_out"), map(heads_third, turned)))
    return {"config": config, "position_ids": places.astype("int32"), **x, **outs}


def by_gpt_neox(rng):
    config = GPTNeoXConfig(
        hidden_size=HEADS * SIZE,
        num_attention_heads=HEADS,
        rotary_pct=0.5,
        max_position_embeddings=64,
    )
    attention = GPTNeoXAttention(config)
    attention.query_key_value = torch.nn.Identity()  # takes query, key and value of each head
    attend, seen = attention._attn, []

    def spy(query, key, *rest):
        seen.extend([query, key])
        return attend(query, key, *rest)

    attention._attn = spy
    x, places = tokens(rng), np.repeat(np.arange(LENGTH)[None], BATCH, 0)
    together = np.concatenate([x["query"], x["key"], x["key"]], -1).reshape(BATCH, LENGTH, -1)
    attention(torch.from_numpy(together), None, torch.from_numpy(places))
    outs = dict(zip(("query_out", "key_out"), map(heads_third, seen)))
    config = text(rotary_pct=0.5)
    return {"config": config, "position_ids": places.astype("int32"), **x, **outs}


def by_gptj(rng, rotary_dim):
    x, places = tokens(rng), STARTS + np.arange(LENGTH)
    table = gptj.create_sinusoidal_positions(64, rotary_dim)[torch.from_numpy(places)]
    sin, cos = table.split(rotary_dim // 2, dim=-1)
    outs = {}
    for name, array in x.items():
        turned = gptj.apply_rotary_pos_emb(torch.from_numpy(array[..., :rotary_dim]), sin, cos)
        outs[f"{name}_out"] = np.concatenate([turned.numpy(), array[..., rotary_dim:]], -1)
    config = text(rotary_dim=rotary_dim)
    return {"config": config, "position_ids": places.astype("int32"), **x, **outs}


# Biases and tables by Hugging Face.


def alibi(heads):
    mask = np.array([[1] * 6, [0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]])
    bias = build_alibi_tensor(torch.from_numpy(mask), heads, torch.float32)
    bias = bias.reshape(len(mask), heads, -1).numpy()
    return {"mask": mask.astype(bool), "slopes": bias[0, :, 1], "bias": bias}


@torch.no_grad()
def t5(rng):
    distances = torch.arange(-300, 301)
    arrays = {}
    for name, options in {
        "both": (True, 32, 128),
        "back": (False, 32, 128),
        "both_small": (True, 8, 20),
        "back_small": (False, 8, 20),
    }.items():
        buckets = T5Attention._relative_position_bucket(distances, *options)
        arrays[name] = buckets.numpy().astype("int32")
    config = T5Config(
        d_model=HEADS * SIZE,
        d_kv=SIZE,
        num_heads=HEADS,
        relative_attention_num_buckets=8,
        relative_attention_max_distance=20,
    )
    attention = T5Attention(config, has_relative_attention_bias=True)
    table = noise(rng, 8, HEADS)
    attention.relative_attention_bias.weight.copy_(torch.from_numpy(table))
    return {**arrays, "table": table, "bias": attention.compute_bias(6, 9)[0].numpy()}


def sinusoids(rows=10, size=16):
    interleaved = torch.zeros(rows, size)
    create_sinusoidal_embeddings(rows, size, interleaved)
    fairseq = M2M100SinusoidalPositionalEmbedding.get_embedding(rows, size, padding_idx=1)
    half = size // 2
    frequencies = np.exp(-np.arange(half) * math.log(10000.0) / (half - 1))
    angles = np.arange(rows)[:, None] * frequencies
    return {
        "marian": MarianSinusoidalPositionalEmbedding(rows, size).weight.numpy(),
        "interleaved": interleaved.numpy(),
        "fairseq": fairseq.numpy(),
        "tensor2tensor": np.concatenate([np.sin(angles), np.cos(angles)], 1),
    }


# By definition.


def yarn(rng, released, size, scale, length, alpha=1.0, beta=32.0, base=10000.0):
    half = size // 2
    plain = base ** (-2 * np.arange(half) / size)
    if released:

        def feature(turns):
            return size * math.log(length / (turns * 2 * math.pi)) / (2 * math.log(base))

        low = max(math.floor(feature(beta)), 0)
        high = min(math.ceil(feature(alpha)), size - 1)
        keep = 1 - np.clip((np.arange(half) - low) / max(high - low, 0.001), 0, 1)
    else:
        turns = length * plain / (2 * math.pi)
        keep = np.clip((turns - alpha) / (beta - alpha), 0, 1)
    frequencies = (1 - keep) * plain / scale + keep * plain
    magnitude = 0.1 * math.log(scale) + 1
    x, places = tokens(rng, size=size), STARTS * 20 + np.arange(LENGTH)
    arrays = {**x, "position_ids": places.astype("int32")}
    for name, array in x.items():
        out = np.zeros(array.shape)
        for b, t, i in np.ndindex(BATCH, LENGTH, half):
            angle = places[b, t] * frequencies[i]
            turn = magnitude * np.exp(1j * angle)
            turned = (array[b, t, :, i].astype(float) + 1j * array[b, t, :, i + half]) * turn
            out[b, t, :, i], out[b, t, :, i + half] = turned.real, turned.imag
        arrays[f"{name}_out"] = out
    arrays["config"] = text(
        base=base, scale=scale, original_length=length, alpha=alpha, beta=beta, size=size
    )
    return {**arrays, "inverse_frequencies": frequencies, "magnitude": np.array(magnitude)}


def pairs(length):
    return np.ndindex(BATCH, HEADS, length, length)


def attend(scores, seen, value):
    weights = softmax(np.where(seen, scores, -np.inf))
    return np.einsum("bhqk,bkhe->bqhe", weights, value.astype(float))


def music(rng, rows, shared, causal=True):
    length = 7
    x = tokens(rng, "query key value", length=length)
    table = noise(rng, *([] if shared else [HEADS]), rows, SIZE)
    scores = np.zeros((BATCH, HEADS, length, length))
    for b, h, i, j in pairs(length):
        if causal and j > i:
            continue
        row = rows - 1 - (i - j) if causal else j - i + length - 1
        query = x["query"][b, i, h].astype(float)
        score = query @ x["key"][b, j, h]
        if row >= 0:
            score += query @ (table[row] if shared else table[h, row])
        scores[b, h, i, j] = score / math.sqrt(SIZE)
    seen = np.tri(length, dtype=bool) if causal else True
    return {**x, "table": table, "scores": scores, "out": attend(scores, seen, x["value"])}


def shaw(rng, clip=None, shared=True, causal=False, labels=None):
    length = 9
    x = tokens(rng, "query key value", length=length)
    rows = 2 * clip + 1 if labels is None else int(labels.max()) + 1
    shape = [rows, SIZE] if shared else [HEADS, rows, SIZE]
    tables = {"keys": noise(rng, *shape), "values": noise(rng, *shape)}
    keys, values = (np.broadcast_to(t, (HEADS, rows, SIZE)).astype(float) for t in tables.values())

    def row(i, j):
        return min(max(j - i, -clip), clip) + clip if labels is None else labels[i, j]

    seen = np.tri(length, dtype=bool) if causal else np.ones((length, length), bool)
    if labels is not None:
        seen = labels >= 0
    scores = np.zeros((BATCH, HEADS, length, length))
    for b, h, i, j in pairs(length):
        if labels is None or seen[i, j]:
            key = x["key"][b, j, h] + keys[h, row(i, j)]
            scores[b, h, i, j] = x["query"][b, i, h] @ key / math.sqrt(SIZE)
    weights = softmax(np.where(seen, scores, -np.inf))
    out = np.zeros(x["value"].shape)
    for b, h, i, j in pairs(length):
        if seen[i, j]:
            out[b, i, h] += weights[b, h, i, j] * (x["value"][b, j, h] + values[h, row(i, j)])
    extra = {} if labels is None else {"labels": labels.astype("int32")}
    return {**x, **tables, **extra, "scores": scores, "out": out}


def some_labels(rng, length=9, count=4):
    labels = rng.integers(-1, count, (length, length))
    np.fill_diagonal(labels, 0)
    return labels


def botnet(rng, rows=3, columns=4):
    x = tokens(rng, length=rows * columns)
    tables = {
        "rows_table": noise(rng, 2 * rows - 1, SIZE),
        "columns_table": noise(rng, 2 * columns - 1, SIZE),
    }
    content = np.zeros((BATCH, HEADS, rows * columns, rows * columns))
    relative = np.zeros_like(content)
    for b, h, i, j in pairs(rows * columns):
        query = x["query"][b, i, h].astype(float)
        down, right = j // columns - i // columns, j % columns - i % columns
        place = tables["rows_table"][down + rows - 1] + tables["columns_table"][right + columns - 1]
        content[b, h, i, j] = query @ x["key"][b, j, h] / math.sqrt(SIZE)
        relative[b, h, i, j] = query @ place / math.sqrt(SIZE)
    return {**x, **tables, "content": content, "relative": relative}


def main():
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    groups = {f"rotary/{case}": by_llama(rng, case) for case in LLAMA}
    groups |= {
        "rotary/partial": by_gpt_neox(rng),
        "rotary/interleaved": by_gptj(rng, SIZE),
        "rotary/interleaved_partial": by_gptj(rng, SIZE // 2),
        **{f"alibi/heads{heads}": alibi(heads) for heads in (4, 8, 12)},
        "t5": t5(rng),
        "sinusoid": sinusoids(),
        "yarn/paper": yarn(rng, False, size=16, scale=4.0, length=512),
        "yarn/release": yarn(rng, True, size=16, scale=4.0, length=512),
        "music/global": music(rng, rows=7, shared=False),
        "music/short": music(rng, rows=4, shared=False),
        "music/long": music(rng, rows=10, shared=False),
        "music/shared": music(rng, rows=7, shared=True),
        "music/unmasked": music(rng, rows=13, shared=False, causal=False),
        "shaw/both": shaw(rng, clip=3),
        "shaw/causal": shaw(rng, clip=3, causal=True),
        "shaw/long": shaw(rng, clip=12),
        "shaw/per_head": shaw(rng, clip=2, shared=False),
        "shaw/edges": shaw(rng, labels=some_labels(rng)),
        "botnet": botnet(rng),
    }
    arrays = {}
    for name, group in groups.items():
        arrays |= prefixed(name, single(group))
    save(__file__, arrays)


if __name__ == "__main__":
    main()
