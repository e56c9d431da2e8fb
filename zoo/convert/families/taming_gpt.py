"""The transformer of Taming Transformers, which writes codes of pictures (Esser et al. 2021,
arXiv:2012.09841; taming/modules/transformer/mingpt.py).

Its checkpoints are written by PyTorch Lightning, with much besides: the folder to be read holds
their `state_dict` as `pytorch_model.bin`, and as `config.json` what the configuration of a run says
of the transformer, the constructor of `GPT`, with `model_type: taming_gpt` and `architectures:
[GPT]`.
"""

from zoo.convert.families import Family
from zoo.convert.weights import Weight, linear, norm, same


class TamingGpt(Family):
    prefix = "transformer."
    heads = {"GPT": "causal_lm"}
    unread = (r"attn\.mask", r"(first|cond)_stage_model\..*", r"permuter\..*")

    def backbone(self, config):
        hidden, unmasked = config.size("n_embd", 256), config.take("n_unmasked", 0)
        heads, head_dim = config.heads("n_head", 8, hidden)
        dropout = config.take("resid_pdrop", 0.0)
        positions = config.size("block_size", 512)
        return {
            "kind": "transformer",
            "vocabulary_size": config.size("vocab_size", 1024),
            "num_layers": config.size("n_layer", 12),
            "hidden_dim": hidden,
            "position": {"kind": "learned", "max_sequence_length": positions},
            "final_norm": True,
            "dropout": config.take("embd_pdrop", 0.0),
            "blocks": {
                "kind": "pre_norm",
                "dropout": dropout,
                "attention": {
                    "kind": "multi_head",
                    "num_heads": heads,
                    "head_dim": head_dim,
                    "pattern": {"kind": "prefix", "length": unmasked} if unmasked else "causal",
                    "dropout": config.take("attn_pdrop", 0.0),
                },
                "feed_forward": {
                    "kind": "plain",
                    "intermediate_dim": 4 * hidden,
                    "activation": "gelu",
                },
            },
        }

    def task(self, config, kind):
        return {"tie_embeddings": False}

    def fields(self, backbone, task):
        block = backbone["blocks"][0]
        attention = block["attention"]
        return {
            "vocab_size": backbone["vocabulary_size"],
            "block_size": backbone["position"]["max_sequence_length"],
            "n_layer": backbone["num_layers"],
            "n_head": attention["num_heads"],
            "n_embd": backbone["hidden_dim"],
            "embd_pdrop": backbone["dropout"],
            "resid_pdrop": block["dropout"],
            "attn_pdrop": attention["dropout"],
            "n_unmasked": attention["pattern"].get("length", 0),
        }

    def weights(self, backbone):
        table = backbone.position.embeddings
        yield same(f"{self.prefix}tok_emb.weight", backbone.token_embedding.embeddings)
        of_row = lambda ours: ours[0][None]  # noqa: E731
        yield Weight(f"{self.prefix}pos_emb", [table], lambda theirs: [theirs[0]], of_row)
        for number, block in enumerate(backbone.transformer_layers):
            layer, attention = f"{self.prefix}blocks.{number}.", block.attention
            yield from norm(f"{layer}ln1", block.attention_norm)
            for name in ("query", "key", "value"):
                yield from linear(f"{layer}attn.{name}", getattr(attention, name))
            yield from linear(f"{layer}attn.proj", attention.attention_output, inputs=2)
            yield from norm(f"{layer}ln2", block.feed_forward_norm)
            yield from linear(f"{layer}mlp.0", block.feed_forward.widen)
            yield from linear(f"{layer}mlp.2", block.feed_forward.narrow)
        yield from norm(f"{self.prefix}ln_f", backbone.output_norm)

    def head_weights(self, task):
        yield from linear(f"{self.prefix}head", task.own_logits)
