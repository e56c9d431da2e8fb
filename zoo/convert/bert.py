"""BERT (Devlin et al. 2019)."""

from zoo.convert import Family
from zoo.convert._config import name_of
from zoo.convert._weights import linear, norm, same


class Bert(Family):
    prefix = "bert."
    heads = {"BertForMaskedLM": "masked_lm", "BertForPreTraining": "masked_lm", "BertModel": ""}
    unread = (
        r"embeddings\.position_ids",
        r"pooler\.dense\..*",
        r"cls\.seq_relationship\..*",
        r"cls\.predictions\.decoder\..*",
    )

    def backbone(self, config):
        config.must("position_embedding_type", "absolute")
        config.must("tie_word_embeddings", True)
        config.unused("classifier_dropout")
        hidden, dropout = config.take("hidden_size", 768), config.take("hidden_dropout_prob", 0.1)
        epsilon = config.take("layer_norm_eps", 1e-12)
        heads, head_dim = config.heads("num_attention_heads", 12, hidden)
        return {
            "kind": "transformer",
            "vocabulary_size": config.take("vocab_size", 30522),
            "num_layers": config.take("num_hidden_layers", 12),
            "hidden_dim": hidden,
            "position": {
                "kind": "learned",
                "max_sequence_length": config.take("max_position_embeddings", 512),
            },
            "num_segments": config.take("type_vocab_size", 2),
            "embedding_norm": "before_dropout",
            "layer_norm_epsilon": epsilon,
            "dropout": dropout,
            "blocks": {
                "kind": "post_norm",
                "dropout": dropout,
                "layer_norm_epsilon": epsilon,
                "attention": {
                    "kind": "multi_head",
                    "num_heads": heads,
                    "head_dim": head_dim,
                    "pattern": "full",
                    "dropout": config.take("attention_probs_dropout_prob", 0.1),
                },
                "feed_forward": {
                    "kind": "plain",
                    "intermediate_dim": config.take("intermediate_size", 3072),
                    "activation": config.activation("hidden_act", "gelu"),
                    "chunk_size": config.take("chunk_size_feed_forward", 0) or None,
                },
            },
        }

    def task(self, config, kind):
        epsilon = config.take("layer_norm_eps", 1e-12)
        return {
            "activation": config.activation("hidden_act", "gelu"),
            "layer_norm_epsilon": epsilon,
        }

    def fields(self, backbone, task):
        block = backbone["blocks"][0]
        attention, feed_forward = block["attention"], block["feed_forward"]
        return {
            "vocab_size": backbone["vocabulary_size"],
            "num_hidden_layers": backbone["num_layers"],
            "hidden_size": backbone["hidden_dim"],
            "num_attention_heads": attention["num_heads"],
            "max_position_embeddings": backbone["position"]["max_sequence_length"],
            "type_vocab_size": backbone["num_segments"],
            "layer_norm_eps": backbone["layer_norm_epsilon"],
            "hidden_dropout_prob": backbone["dropout"],
            "attention_probs_dropout_prob": attention["dropout"],
            "intermediate_size": feed_forward["intermediate_dim"],
            "hidden_act": name_of(feed_forward["activation"]),
            "chunk_size_feed_forward": feed_forward["chunk_size"] or 0,
        }

    def weights(self, backbone):
        embeddings = "bert.embeddings."
        yield same(f"{embeddings}word_embeddings.weight", backbone.token_embedding.embeddings)
        yield same(f"{embeddings}position_embeddings.weight", backbone.position.embeddings)
        types = backbone.segment_embedding.embeddings
        yield same(f"{embeddings}token_type_embeddings.weight", types)
        yield from norm(f"{embeddings}LayerNorm", backbone.input_norm)
        for number, block in enumerate(backbone.transformer_layers):
            layer, attention = f"bert.encoder.layer.{number}.", block.attention
            for name in ("query", "key", "value"):
                yield from linear(f"{layer}attention.self.{name}", getattr(attention, name))
            yield from linear(f"{layer}attention.output.dense", attention.attention_output, 2)
            yield from norm(f"{layer}attention.output.LayerNorm", block.attention_norm)
            yield from linear(f"{layer}intermediate.dense", block.feed_forward.widen)
            yield from linear(f"{layer}output.dense", block.feed_forward.narrow)
            yield from norm(f"{layer}output.LayerNorm", block.feed_forward_norm)

    def head_weights(self, task):
        head = "cls.predictions."
        yield from linear(f"{head}transform.dense", task.dense)
        yield from norm(f"{head}transform.LayerNorm", task.norm)
        yield same(f"{head}bias", task.bias.bias)
