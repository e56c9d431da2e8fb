"""GPT-2 (Radford et al. 2019)."""

from zoo.convert import Family
from zoo.convert._config import name_of
from zoo.convert._weights import beside, conv1d, norm, same


class Gpt2(Family):
    prefix = "transformer."
    heads = {"GPT2LMHeadModel": "causal_lm", "GPT2Model": ""}
    unread = (r"attn\.(masked_)?bias", r"lm_head\.weight")

    def backbone(self, config):
        for name in ("scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn"):
            config.must(name, False)
        config.must("scale_attn_weights", True)
        config.must("tie_word_embeddings", True)
        config.unused("summary_")
        hidden, dropout = config.take("n_embd", 768), config.take("resid_pdrop", 0.1)
        epsilon = config.take("layer_norm_epsilon", 1e-5)
        heads, head_dim = config.heads("n_head", 12, hidden)
        positions = config.take("n_positions", 1024)
        config.must("n_ctx", positions)
        return {
            "kind": "transformer",
            "vocabulary_size": config.take("vocab_size", 50257),
            "num_layers": config.take("n_layer", 12),
            "hidden_dim": hidden,
            "position": {"kind": "learned", "max_sequence_length": positions},
            "final_norm": True,
            "layer_norm_epsilon": epsilon,
            "dropout": config.take("embd_pdrop", 0.1),
            "blocks": {
                "kind": "pre_norm",
                "dropout": dropout,
                "layer_norm_epsilon": epsilon,
                "attention": {
                    "kind": "multi_head",
                    "num_heads": heads,
                    "head_dim": head_dim,
                    "dropout": config.take("attn_pdrop", 0.1),
                },
                "feed_forward": {
                    "kind": "plain",
                    "intermediate_dim": config.take("n_inner", None) or 4 * hidden,
                    "activation": config.activation("activation_function", "gelu_new"),
                },
            },
        }

    def task(self, config, kind):
        return {}

    def fields(self, backbone, task):
        block = backbone["blocks"][0]
        feed_forward = block["feed_forward"]
        return {
            "vocab_size": backbone["vocabulary_size"],
            "n_layer": backbone["num_layers"],
            "n_embd": backbone["hidden_dim"],
            "n_head": block["attention"]["num_heads"],
            "n_inner": feed_forward["intermediate_dim"],
            "n_positions": backbone["position"]["max_sequence_length"],
            "layer_norm_epsilon": backbone["layer_norm_epsilon"],
            "embd_pdrop": backbone["dropout"],
            "resid_pdrop": block["dropout"],
            "attn_pdrop": block["attention"]["dropout"],
            "activation_function": name_of(feed_forward["activation"]),
        }

    def weights(self, backbone):
        yield same("transformer.wte.weight", backbone.token_embedding.embeddings)
        yield same("transformer.wpe.weight", backbone.position.embeddings)
        for number, block in enumerate(backbone.transformer_layers):
            layer, attention = f"transformer.h.{number}.", block.attention
            yield from norm(f"{layer}ln_1", block.attention_norm)
            parts = [attention.query, attention.key, attention.value]
            yield from beside(f"{layer}attn.c_attn", parts)
            yield from conv1d(f"{layer}attn.c_proj", attention.attention_output, 2)
            yield from norm(f"{layer}ln_2", block.feed_forward_norm)
            yield from conv1d(f"{layer}mlp.c_fc", block.feed_forward.widen)
            yield from conv1d(f"{layer}mlp.c_proj", block.feed_forward.narrow)
        yield from norm("transformer.ln_f", backbone.output_norm)

    def head_weights(self, task):
        return iter(())
