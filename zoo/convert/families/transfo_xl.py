"""Transformer-XL (Dai et al. 2019), with its adaptive embedding and softmax.

Where a text begins, the original attends to a memory of zeros; ours is empty, and nobody attends to
it. From the first segment on that fills the memory both are the same.
"""

from collections.abc import Iterator
from typing import Any

from zoo.convert.families import Family
from zoo.convert.weights import Weight, beside, linear, norm, same

BIASES = {"r_w_bias": "by_key", "r_r_bias": "by_distance"}


class TransfoXl(Family):
    prefix = "transformer."
    heads = {"TransfoXLLMHeadModel": "causal_lm", "TransfoXLModel": ""}
    unread = (
        r"pos_emb\.inv_freq",
        r"dec_attn\.r_[rw]_bias",
        r"crit\.out_layers\.\d+\.weight",
        r"crit\.out_projs\.\d+",
    )

    def backbone(self, config):
        for name, only in (("attn_type", 0), ("adaptive", True), ("tie_word_embeddings", True)):
            config.must(name, only)
        for name in ("sample_softmax", "init", "init_range", "proj_init_std"):
            config.unused(name)
        hidden, dropout = config.size("d_model", 1024), config.take("dropout", 0.1)
        epsilon = config.take("layer_norm_epsilon", 1e-5)
        return {
            "kind": "transformer",
            "vocabulary_size": config.size("vocab_size", 267735),
            "num_layers": config.size("n_layer", 18),
            "hidden_dim": hidden,
            "token_embedding": self.token_embedding(config),
            "scale_embedding": True,
            "dropout": dropout,
            "output_dropout": dropout,
            "blocks": {
                "kind": "pre_norm" if config.take("pre_lnorm", False) else "post_norm",
                "dropout": dropout,
                "layer_norm_epsilon": epsilon,
                "attention": self.attention(config, hidden, dropout),
                "feed_forward": {
                    "kind": "plain",
                    "intermediate_dim": config.size("d_inner", 4096),
                    "activation": "relu",
                    "dropout": dropout,
                },
            },
        }

    def token_embedding(self, config) -> dict[str, Any]:
        """The embedding. Which projections are shared stands in `tie_projs`, one for each cluster:
        all but the first, or none."""
        cutoffs = config.take("cutoffs", [20000, 40000, 200000])
        shared = config.take("proj_share_all_but_first", True)
        ties = config.take("tie_projs", [False] + [shared] * len(cutoffs))
        if ties not in ([False] + [tie] * len(cutoffs) for tie in (True, False)):
            raise config.wrong("tie_projs", f"false, then {len(cutoffs)} alike")
        return {
            "kind": "adaptive",
            "cutoffs": cutoffs or None,
            "div_val": config.size("div_val", 4),
            "embedding_dim": config.size("d_embed", 1024),
            "share_projections": ties[-1] if cutoffs else shared,
        }

    def attention(self, config, hidden: int, dropout: float) -> dict[str, Any]:
        """The attention of every layer. Of the tokens a query of `same_length` sees, the original
        counts the query itself."""
        memory, farthest = config.take("mem_len", 1600), config.take("clamp_len", 1000)
        same_length = config.take("same_length", True)
        if same_length and not memory:
            raise config.wrong("same_length", "false where nothing is remembered")
        return {
            "kind": "segment_recurrent",
            "num_heads": config.size("n_head", 16),
            "head_dim": config.size("d_head", 64),
            "memory_length": memory,
            "pattern": {"kind": "local", "back": memory - 1} if same_length else "causal",
            "dropout": config.take("dropatt", 0.0),
            "use_bias": False,
            "position": {
                "kind": "relative_xl",
                "hidden_dim": hidden,
                "clamp_length": farthest if farthest > 0 else None,
                "tie_biases": not config.take("untie_r", True),
                "dropout": dropout,
            },
        }

    def task(self, config, kind):
        return {}

    def fields(self, backbone, task):
        block, embedding = backbone["blocks"][0], backbone["token_embedding"]
        cutoffs, shared = embedding["cutoffs"] or [], embedding["share_projections"]
        attention, position = block["attention"], block["attention"]["position"]
        return {
            "model_type": "transfo-xl",
            "vocab_size": backbone["vocabulary_size"],
            "cutoffs": cutoffs,
            "div_val": embedding["div_val"],
            "d_embed": embedding["embedding_dim"],
            "proj_share_all_but_first": shared,
            "tie_projs": [False] + [shared] * len(cutoffs),
            "d_model": backbone["hidden_dim"],
            "n_layer": backbone["num_layers"],
            "n_head": attention["num_heads"],
            "d_head": attention["head_dim"],
            "d_inner": block["feed_forward"]["intermediate_dim"],
            "mem_len": attention["memory_length"],
            "same_length": attention["pattern"]["kind"] == "local",
            "clamp_len": position["clamp_length"] or -1,
            "untie_r": not position["tie_biases"],
            "pre_lnorm": block["kind"] == "pre_norm",
            "dropout": backbone["dropout"],
            "dropatt": attention["dropout"],
            "layer_norm_epsilon": block["layer_norm_epsilon"],
        }

    def weights(self, backbone):
        embedding = backbone.token_embedding
        for number, table in enumerate(embedding.tables):
            yield same(f"transformer.word_emb.emb_layers.{number}.weight", table)
        for number, projection in enumerate(embedding.projections):
            yield same(f"transformer.word_emb.emb_projs.{number}", projection)
        position = backbone.transformer_layers[0].attention.position
        if position.tie_biases:
            for theirs, ours in BIASES.items():
                yield same(f"transformer.{theirs}", getattr(position.biases, ours))
        for number, block in enumerate(backbone.transformer_layers):
            yield from layer(f"transformer.layers.{number}.", block)

    def head_weights(self, task):
        embedding = task.backbone.token_embedding
        for number, bias in enumerate(embedding.biases):
            yield same(f"crit.out_layers.{number}.bias", bias)
        for number, projection in enumerate(embedding.scorings):
            yield same(f"crit.out_projs.{number}", projection)
        if embedding.cutoffs:
            yield same("crit.cluster_weight", embedding.cluster_table)
            yield same("crit.cluster_bias", embedding.cluster_bias)


def layer(name: str, block: Any) -> Iterator[Weight]:
    """The weights of a block."""
    attention, position = block.attention, block.attention.position
    parts = [attention.query, attention.key, attention.value]
    yield from beside(f"{name}dec_attn.qkv_net", parts, by_outputs=True)
    yield from linear(f"{name}dec_attn.o_net", attention.attention_output, 2)
    yield from linear(f"{name}dec_attn.r_net", position.projection)
    if not position.tie_biases:
        for theirs, ours in BIASES.items():
            yield same(f"{name}dec_attn.{theirs}", getattr(position.biases, ours))
    yield from norm(f"{name}dec_attn.layer_norm", block.attention_norm)
    yield from linear(f"{name}pos_ff.CoreNet.0", block.feed_forward.widen)
    yield from linear(f"{name}pos_ff.CoreNet.3", block.feed_forward.narrow)
    yield from norm(f"{name}pos_ff.layer_norm", block.feed_forward_norm)
