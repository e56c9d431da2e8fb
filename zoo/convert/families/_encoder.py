"""What BERT and its children share: fields, weights and the head, under the names of each."""

from typing import ClassVar

from zoo.convert.config import name_of
from zoo.convert.families import Family
from zoo.convert.weights import linear, norm, rows, same

EPSILON = 1e-12


class Encoder(Family):
    """An encoder of post-norm blocks with a head that scores hidden tokens. A subclass says what
    its family calls each thing; what a family has not is not in its tables."""

    unread = (r"embeddings\.position_ids", r"pooler\.dense\..*")
    names: ClassVar[dict[str, str]] = {
        "num_layers": "num_hidden_layers",
        "hidden_dim": "hidden_size",
        "num_heads": "num_attention_heads",
        "intermediate_dim": "intermediate_size",
        "activation": "hidden_act",
        "dropout": "hidden_dropout_prob",
        "attention_dropout": "attention_probs_dropout_prob",
        "num_segments": "type_vocab_size",
        "epsilon": "layer_norm_eps",
    }
    """The fields of its config."""
    layer: ClassVar[str] = "encoder.layer"
    parts: ClassVar[dict[str, str]] = {
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "attention_output": "attention.output.dense",
        "attention_norm": "attention.output.LayerNorm",
        "widen": "intermediate.dense",
        "narrow": "output.dense",
        "feed_forward_norm": "output.LayerNorm",
    }
    """The weights of a layer."""
    head: ClassVar[dict[str, str]] = {}
    """The weights of the head: dense, norm, scores, and the bias of the scores."""
    vocabulary_size: ClassVar[int] = 30522
    num_layers: ClassVar[int] = 12
    activation: ClassVar[str] = "gelu"
    """Where the config does not say."""
    first_row: ClassVar[int] = 0
    """The row of the position table that belongs to the first place."""

    def backbone(self, config):
        names, (epsilon, num_segments) = self.names, self._own(config)
        hidden = config.size(names["hidden_dim"], 768)
        dropout = config.take(names["dropout"], 0.1)
        heads, head_dim = config.heads(names["num_heads"], 12, hidden)
        return {
            "kind": "transformer",
            "vocabulary_size": config.size("vocab_size", self.vocabulary_size),
            "num_layers": config.size(names["num_layers"], self.num_layers),
            "hidden_dim": hidden,
            "position": {"kind": "learned", "max_sequence_length": self._places(config)},
            "num_segments": num_segments,
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
                    "dropout": config.take(names["attention_dropout"], 0.1),
                },
                "feed_forward": {
                    "kind": "plain",
                    "intermediate_dim": config.size(names["intermediate_dim"], 3072),
                    "activation": config.activation(names["activation"], self.activation),
                    "chunk_size": config.take("chunk_size_feed_forward", 0) or None,
                },
            },
        }

    def task(self, config, kind):
        return {
            "activation": config.activation(self.names["activation"], self.activation),
            "layer_norm_epsilon": self._own(config)[0],
            "tie_embeddings": config.take("tie_word_embeddings", True),
        }

    def fields(self, backbone, task):
        block = backbone["blocks"][0]
        attention, feed_forward = block["attention"], block["feed_forward"]
        said = {
            "num_layers": backbone["num_layers"],
            "hidden_dim": backbone["hidden_dim"],
            "num_heads": attention["num_heads"],
            "intermediate_dim": feed_forward["intermediate_dim"],
            "activation": name_of(feed_forward["activation"]),
            "dropout": backbone["dropout"],
            "attention_dropout": attention["dropout"],
            "num_segments": backbone["num_segments"],
            "epsilon": backbone["layer_norm_epsilon"],
        }
        places = backbone["position"]["max_sequence_length"]
        return {
            "vocab_size": backbone["vocabulary_size"],
            "max_position_embeddings": places + self.first_row,
            "chunk_size_feed_forward": feed_forward["chunk_size"] or 0,
            "tie_word_embeddings": task.get("tie_embeddings", True),
            **{self.names[name]: value for name, value in said.items() if name in self.names},
        }

    def _own(self, config):
        """The epsilon of the norms, and the number of segments."""
        epsilon, segments = self.names.get("epsilon"), self.names.get("num_segments")
        return (
            config.take(epsilon, EPSILON) if epsilon else EPSILON,
            config.take(segments, 2) if segments else 0,
        )

    def _places(self, config):
        places = config.size("max_position_embeddings", 512) - self.first_row
        if places < 1:
            raise config.wrong("max_position_embeddings", f"more than {self.first_row}")
        return places

    def weights(self, backbone):
        embeddings, table = f"{self.prefix}embeddings.", backbone.position.embeddings
        yield same(f"{embeddings}word_embeddings.weight", backbone.token_embedding.embeddings)
        yield rows(f"{embeddings}position_embeddings.weight", table, self.first_row)
        if backbone.num_segments:
            types = backbone.segment_embedding.embeddings
            yield same(f"{embeddings}token_type_embeddings.weight", types)
        yield from norm(f"{embeddings}LayerNorm", backbone.input_norm)
        for number, block in enumerate(backbone.transformer_layers):
            layer = f"{self.prefix}{self.layer}.{number}."
            attention, feed_forward = block.attention, block.feed_forward
            for name in ("query", "key", "value"):
                yield from linear(layer + self.parts[name], getattr(attention, name))
            output = layer + self.parts["attention_output"]
            yield from linear(output, attention.attention_output, inputs=2)
            yield from norm(layer + self.parts["attention_norm"], block.attention_norm)
            yield from linear(layer + self.parts["widen"], feed_forward.widen)
            yield from linear(layer + self.parts["narrow"], feed_forward.narrow)
            yield from norm(layer + self.parts["feed_forward_norm"], block.feed_forward_norm)

    def head_weights(self, task):
        yield from linear(self.head["dense"], task.dense)
        yield from norm(self.head["norm"], task.norm)
        yield same(self.head["bias"], task.bias.bias)
        if task.own_logits is not None:
            yield from linear(self.head["scores"], task.own_logits)
