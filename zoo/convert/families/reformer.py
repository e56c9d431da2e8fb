"""Reformer (Kitaev et al. 2020), the decoder.

Rotations are drawn anew: PyTorch's numbers of a seed are not ours, which has one always, 0 where
there is none. The original fills a text up to whole chunks of all its layers together, ours up to
those of each layer.
"""

import math
from collections.abc import Iterator
from typing import Any

from zoo.convert.config import Config, name_of
from zoo.convert.families import Family
from zoo.convert.families._cycle import shortest_cycle
from zoo.convert.weights import Weight, linear, norm, same


class Reformer(Family):
    prefix = "reformer."
    heads = {"ReformerModelWithLMHead": "causal_lm", "ReformerModel": ""}
    unread = (r"lm_head\.decoder\.bias", r"(self_)?mask_value_float(16|32)")

    def backbone(self, config):
        if not config.take("is_decoder", False):
            raise config.wrong("is_decoder", "true")
        for name in ("axial_norm_std", "chunk_size_lm_head", "classifier_dropout"):
            config.unused(name)
        dropout = config.take("hidden_dropout_prob", 0.05)
        epsilon = config.take("layer_norm_eps", 1e-12)
        layers = self.layers(config)
        block = {
            "kind": "reversible",
            "dropout": dropout,
            "layer_norm_epsilon": epsilon,
            "feed_forward": {
                "kind": "plain",
                "intermediate_dim": config.size("feed_forward_size", 512),
                "activation": config.activation("hidden_act", "relu"),
                "chunk_size": config.take("chunk_size_feed_forward", 0) or None,
                "dropout": dropout,
            },
        }
        return {
            "kind": "transformer",
            "vocabulary_size": config.size("vocab_size", 320),
            "num_layers": len(layers),
            "hidden_dim": config.size("hidden_size", 256),
            "position": self.position(config),
            "final_norm": True,
            "join_streams": "concatenate",
            "memory": "reversible",
            "dropout": dropout,
            "output_dropout": dropout,
            "layer_norm_epsilon": epsilon,
            "blocks": [{**block, "attention": layer} for layer in shortest_cycle(layers)],
        }

    def layers(self, config: Config) -> list[dict[str, Any]]:
        """The attention of each layer."""
        names = config.take("attn_layers", ["local", "lsh"] * 3)
        kinds = {"local": self.local, "lsh": self.lsh}
        if not names or not all(name in [*kinds] for name in names):
            raise config.wrong("attn_layers", "a list of local and lsh")
        config.must("num_hidden_layers", len(names))
        heads = {
            "num_heads": config.size("num_attention_heads", 12),
            "head_dim": config.size("attention_head_size", 64),
            "use_bias": False,
        }
        known = {name: {**heads, **kinds[name](config)} for name in kinds if name in names}
        for name in kinds.keys() - known.keys():
            config.unused(f"{name}_")
        for name in ("num_hashes", "num_buckets", "hash_seed"):
            config.unused(name)
        return [known[name] for name in names]

    def local(self, config: Config) -> dict[str, Any]:
        """Attention to one's own chunk and those before it."""
        config.must("local_num_chunks_after", 0)
        size = config.size("local_attn_chunk_length", 64)
        before = config.take("local_num_chunks_before", 1)
        memory = None if before == 1 else before * size
        return {
            "kind": "multi_head",
            "pattern": {"kind": "block_1d", "block_size": size, "memory_length": memory},
            "dropout": config.take("local_attention_probs_dropout_prob", 0.05),
        }

    def lsh(self, config: Config) -> dict[str, Any]:
        """Attention among those that hash alike."""
        buckets = config.take("num_buckets", None)
        return {
            "kind": "lsh",
            "chunk_length": config.size("lsh_attn_chunk_length", 64),
            "chunks_before": config.take("lsh_num_chunks_before", 1),
            "chunks_after": config.take("lsh_num_chunks_after", 0),
            "num_hashes": config.size("num_hashes", 1),
            "num_buckets": [buckets] if isinstance(buckets, int) else buckets,
            "hash_seed": config.take("hash_seed", None) or 0,
            "dropout": config.take("lsh_attention_probs_dropout_prob", 0.0),
        }

    def position(self, config: Config) -> dict[str, Any]:
        length = config.size("max_position_embeddings", 4096)
        shape = config.take("axial_pos_shape", [64, 64])
        dims = config.take("axial_pos_embds_dim", [64, 192])
        if config.take("axial_pos_embds", True):
            return {"kind": "axial", "shape": shape, "dims": dims}
        return {"kind": "learned", "max_sequence_length": length}

    def task(self, config, kind):
        config.must("tie_word_embeddings", False)
        return {"tie_embeddings": False, "output_bias": True}

    def fields(self, backbone, task):
        blocks, number = backbone["blocks"], backbone["num_layers"]
        kinds = [said(block["attention"]) for block in blocks]
        names = ["lsh" if "num_hashes" in kind else "local" for kind in kinds]
        block = blocks[0]
        attention, feed_forward = block["attention"], block["feed_forward"]
        found = {name: value for kind in kinds for name, value in kind.items()}
        return {
            "vocab_size": backbone["vocabulary_size"],
            "hidden_size": backbone["hidden_dim"],
            "num_hidden_layers": number,
            "attn_layers": [names[layer % len(names)] for layer in range(number)],
            "num_attention_heads": attention["num_heads"],
            "attention_head_size": attention["head_dim"],
            "feed_forward_size": feed_forward["intermediate_dim"],
            "hidden_act": name_of(feed_forward["activation"]),
            "chunk_size_feed_forward": feed_forward["chunk_size"] or 0,
            "hidden_dropout_prob": backbone["dropout"],
            "layer_norm_eps": backbone["layer_norm_epsilon"],
            "is_decoder": True,
            "tie_word_embeddings": False,
            **placed(backbone["position"]),
            **found,
        }

    def weights(self, backbone):
        yield same(
            "reformer.embeddings.word_embeddings.weight", backbone.token_embedding.embeddings
        )
        yield from tables("reformer.embeddings.position_embeddings.", backbone.position)
        for number, block in enumerate(backbone.transformer_layers):
            yield from layer(f"reformer.encoder.layers.{number}.", block)
        yield from norm("reformer.encoder.layer_norm", backbone.output_norm)

    def head_weights(self, task):
        yield from linear("lm_head.decoder", task.own_logits)
        yield same("lm_head.bias", task.bias.bias)


def said(attention: dict[str, Any]) -> dict[str, Any]:
    """The fields of a layer's attention."""
    if attention["kind"] == "lsh":
        buckets = attention["num_buckets"]
        return {
            "lsh_attn_chunk_length": attention["chunk_length"],
            "lsh_num_chunks_before": attention["chunks_before"],
            "lsh_num_chunks_after": attention["chunks_after"],
            "lsh_attention_probs_dropout_prob": attention["dropout"],
            "num_hashes": attention["num_hashes"],
            "num_buckets": buckets[0] if buckets and len(buckets) == 1 else buckets,
            "hash_seed": attention["hash_seed"],
        }
    pattern, size = attention["pattern"], attention["pattern"]["block_size"]
    memory = pattern["memory_length"]
    return {
        "local_attn_chunk_length": size,
        "local_num_chunks_before": 1 if memory is None else memory // size,
        "local_num_chunks_after": 0,
        "local_attention_probs_dropout_prob": attention["dropout"],
    }


def placed(position: dict[str, Any]) -> dict[str, Any]:
    """The fields of a position."""
    if position["kind"] == "learned":
        length = position["max_sequence_length"]
        return {"axial_pos_embds": False, "max_position_embeddings": length}
    return {
        "axial_pos_embds": True,
        "axial_pos_shape": position["shape"],
        "axial_pos_embds_dim": position["dims"],
        "max_position_embeddings": math.prod(position["shape"]),
    }


def tables(name: str, position: Any) -> Iterator[Weight]:
    """The weights of a position. In theirs a table of an axis has the other axes too, of 1."""
    if not hasattr(position, "axes"):
        yield same(f"{name}embedding.weight", position.embeddings)
        return
    for axis, table in enumerate(position.axes):
        shape = [1] * len(position.axes)
        shape[axis] = table.shape[0]
        theirs = (*shape, table.shape[1])
        join = lambda ours, theirs=theirs: ours[0].reshape(theirs)  # noqa: E731
        yield Weight(f"{name}weights.{axis}", [table], lambda theirs: [theirs], join)


def layer(name: str, block: Any) -> Iterator[Weight]:
    """The weights of a block."""
    attention, feed_forward = block.attention, block.feed_forward
    parts = ("query_key", "value") if hasattr(attention, "query_key") else ("query", "key", "value")
    yield from norm(f"{name}attention.layer_norm", block.attention_norm)
    for part in parts:
        yield from linear(f"{name}attention.self_attention.{part}", getattr(attention, part))
    yield from linear(f"{name}attention.output.dense", attention.attention_output, 2)
    yield from norm(f"{name}feed_forward.layer_norm", block.feed_forward_norm)
    yield from linear(f"{name}feed_forward.dense.dense", feed_forward.widen)
    yield from linear(f"{name}feed_forward.output.dense", feed_forward.narrow)
