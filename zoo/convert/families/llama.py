"""LLaMA (Touvron et al. 2023): grouped queries, rotary positions, gated feed-forward networks."""

from zoo.convert.config import name_of
from zoo.convert.families import Family
from zoo.convert.weights import linear, norm, same

PROJECTIONS = (
    *(("q_proj", "query", 1), ("k_proj", "key", 1), ("v_proj", "value", 1)),
    ("o_proj", "attention_output", 2),
)


class Llama(Family):
    prefix = "model."
    heads = {"LlamaForCausalLM": "causal_lm", "LlamaModel": ""}
    unread = (r"rotary_emb\.inv_freq", r"lm_head\.weight")

    def backbone(self, config):
        config.must("pretraining_tp", 1)
        config.must("mlp_bias", False)
        hidden, epsilon = config.size("hidden_size", 4096), config.take("rms_norm_eps", 1e-6)
        heads, head_dim = config.heads("num_attention_heads", 32, hidden)
        config.must("head_dim", head_dim)
        normal = {"norm": "rms_norm", "layer_norm_epsilon": epsilon, "use_bias": False}
        return {
            "kind": "transformer",
            "vocabulary_size": config.size("vocab_size", 32000),
            "num_layers": config.size("num_hidden_layers", 32),
            "hidden_dim": hidden,
            "final_norm": True,
            **normal,
            "blocks": {
                "kind": "pre_norm",
                **normal,
                "attention": {
                    "kind": "multi_head",
                    "num_heads": heads,
                    "num_key_value_heads": config.size_or_none("num_key_value_heads"),
                    "head_dim": head_dim,
                    "use_bias": config.take("attention_bias", False),
                    "dropout": config.take("attention_dropout", 0.0),
                    "position": self._rotary(config),
                },
                "feed_forward": {
                    "kind": "gated",
                    "intermediate_dim": config.size("intermediate_size", 11008),
                    "activation": config.activation("hidden_act", "silu"),
                    "use_bias": False,
                },
            },
        }

    def _rotary(self, config):
        scaling = config.take("rope_scaling", None)
        plain = {
            "kind": "rotary",
            "base": config.take("rope_theta", 10_000.0),
            "original_max_sequence_length": config.size_or_none("max_position_embeddings"),
        }
        if scaling is None:
            return plain
        kind = isinstance(scaling, dict) and (scaling.get("type") or scaling.get("rope_type"))
        factor = isinstance(scaling, dict) and scaling.get("factor")
        if kind != "linear" or not isinstance(factor, float | int) or len(scaling) != 2:
            raise config.wrong("rope_scaling", '{"type": "linear", "factor": a number}, or nothing')
        return {**plain, "scaling": "linear", "factor": factor}

    def task(self, config, kind):
        return {"tie_embeddings": config.take("tie_word_embeddings", False)}

    def fields(self, backbone, task):
        block = backbone["blocks"][0]
        attention, feed_forward = block["attention"], block["feed_forward"]
        position, places = attention["position"], "original_max_sequence_length"
        said = {
            "vocab_size": backbone["vocabulary_size"],
            "num_hidden_layers": backbone["num_layers"],
            "hidden_size": backbone["hidden_dim"],
            "num_attention_heads": attention["num_heads"],
            "num_key_value_heads": attention["num_key_value_heads"],
            "attention_bias": attention["use_bias"],
            "attention_dropout": attention["dropout"],
            "rms_norm_eps": backbone["layer_norm_epsilon"],
            "rope_theta": position["base"],
            "max_position_embeddings": position.get(places),
            "intermediate_size": feed_forward["intermediate_dim"],
            "hidden_act": name_of(feed_forward["activation"]),
            "tie_word_embeddings": task.get("tie_embeddings", False),
        }
        if position.get("scaling"):
            said["rope_scaling"] = {"type": position["scaling"], "factor": position["factor"]}
        return {name: value for name, value in said.items() if value is not None}

    def weights(self, backbone):
        yield same(f"{self.prefix}embed_tokens.weight", backbone.token_embedding.embeddings)
        for number, block in enumerate(backbone.transformer_layers):
            layer, feed_forward = f"{self.prefix}layers.{number}.", block.feed_forward
            yield from norm(f"{layer}input_layernorm", block.attention_norm)
            for theirs, ours, inputs in PROJECTIONS:
                projection = getattr(block.attention, ours)
                yield from linear(f"{layer}self_attn.{theirs}", projection, inputs)
            yield from norm(f"{layer}post_attention_layernorm", block.feed_forward_norm)
            yield from linear(f"{layer}mlp.gate_proj", feed_forward.gate)
            yield from linear(f"{layer}mlp.up_proj", feed_forward.widen)
            yield from linear(f"{layer}mlp.down_proj", feed_forward.narrow)
        yield from norm(f"{self.prefix}norm", backbone.output_norm)

    def head_weights(self, task):
        if task.own_logits is not None:
            yield from linear("lm_head", task.own_logits)
