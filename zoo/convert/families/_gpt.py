"""What GPT and GPT-2 share: fields, and weights of blocks with one projection for all."""

from typing import Any, ClassVar

from zoo.convert.config import Config
from zoo.convert.families import Family
from zoo.convert.weights import beside, conv1d, linear, norm, same


class Gpt(Family):
    """A decoder with learned positions. A subclass says what its feed-forward network is, and
    writes its own fields on top of these."""

    prefix = "transformer."
    unread = (r"attn\.(masked_)?bias", r"lm_head\.weight")
    block: ClassVar[str] = ""
    """The kind of its blocks."""
    final_norm: ClassVar[bool] = False
    tables: ClassVar[tuple[str, str]] = ("", "")
    """The names of the embeddings of tokens and of positions."""
    sizes: ClassVar[tuple[int, int]] = (0, 0)
    """How many tokens and positions there are where the config does not say."""

    def feed_forward(self, config: Config, hidden: int) -> dict[str, Any]:
        """The size and the activation of its feed-forward network."""
        raise NotImplementedError

    def backbone(self, config):
        config.unused("summary_")
        hidden = config.size("n_embd", 768)
        epsilon = config.take("layer_norm_epsilon", 1e-5)
        heads, head_dim = config.heads("n_head", 12, hidden)
        positions = config.size("n_positions", self.sizes[1])
        config.must("n_ctx", positions)
        return {
            "kind": "transformer",
            "vocabulary_size": config.size("vocab_size", self.sizes[0]),
            "num_layers": config.size("n_layer", 12),
            "hidden_dim": hidden,
            "position": {"kind": "learned", "max_sequence_length": positions},
            "final_norm": self.final_norm,
            "layer_norm_epsilon": epsilon,
            "dropout": config.take("embd_pdrop", 0.1),
            "blocks": {
                "kind": self.block,
                "dropout": config.take("resid_pdrop", 0.1),
                "layer_norm_epsilon": epsilon,
                "attention": {
                    "kind": "multi_head",
                    "num_heads": heads,
                    "head_dim": head_dim,
                    "dropout": config.take("attn_pdrop", 0.1),
                },
                "feed_forward": {"kind": "plain", **self.feed_forward(config, hidden)},
            },
        }

    def task(self, config, kind):
        return {"tie_embeddings": config.take("tie_word_embeddings", True)}

    def fields(self, backbone, task):
        block = backbone["blocks"][0]
        return {
            "vocab_size": backbone["vocabulary_size"],
            "n_layer": backbone["num_layers"],
            "n_embd": backbone["hidden_dim"],
            "n_head": block["attention"]["num_heads"],
            "n_positions": backbone["position"]["max_sequence_length"],
            "layer_norm_epsilon": backbone["layer_norm_epsilon"],
            "embd_pdrop": backbone["dropout"],
            "resid_pdrop": block["dropout"],
            "attn_pdrop": block["attention"]["dropout"],
            "tie_word_embeddings": task.get("tie_embeddings", True),
        }

    def weights(self, backbone):
        tokens, positions = (f"{self.prefix}{name}.weight" for name in self.tables)
        yield same(tokens, backbone.token_embedding.embeddings)
        yield same(positions, backbone.position.embeddings)
        for number, block in enumerate(backbone.transformer_layers):
            layer, attention = f"{self.prefix}h.{number}.", block.attention
            yield from norm(f"{layer}ln_1", block.attention_norm)
            parts = [attention.query, attention.key, attention.value]
            yield from beside(f"{layer}attn.c_attn", parts)
            yield from conv1d(f"{layer}attn.c_proj", attention.attention_output, inputs=2)
            yield from norm(f"{layer}ln_2", block.feed_forward_norm)
            yield from conv1d(f"{layer}mlp.c_fc", block.feed_forward.widen)
            yield from conv1d(f"{layer}mlp.c_proj", block.feed_forward.narrow)
        if self.final_norm:
            yield from norm(f"{self.prefix}ln_f", backbone.output_norm)

    def head_weights(self, task):
        if task.own_logits is not None:
            yield from linear("lm_head", task.own_logits)
