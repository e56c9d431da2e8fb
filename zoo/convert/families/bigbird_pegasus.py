"""BigBird-Pegasus: a sparse encoder reads a long document, a decoder writes its summary (Zaheer et
al. 2020, section 4.1)."""

from collections.abc import Iterator
from typing import Any

from zoo.convert.families import Family, _seq2seq
from zoo.convert.families._seq2seq import SIDES, stack
from zoo.convert.weights import Weight, linear, norm, same


class BigbirdPegasus(Family):
    heads = {"BigBirdPegasusForConditionalGeneration": "seq2seq_lm"}
    unread = _seq2seq.UNREAD

    def backbone(self, config):
        config.must("is_encoder_decoder", True)
        config.must("tie_word_embeddings", True)
        config.unused("classifier_dropout")
        config.unused("num_hidden_layers")
        positions = config.take("max_position_embeddings", 4096)
        own = {
            "activation": "gelu_new",
            "attention": {"use_bias": config.take("use_bias", False)},
            "position": {"kind": "learned", "max_sequence_length": positions},
            "scale_embedding": config.take("scale_embedding", True),
            "final_norm": True,
        }
        encoder = stack(config, "encoder", 16, "pre_norm", **own, pattern=self.pattern(config))
        decoder = stack(config, "decoder", 16, "pre_norm", **own)
        size = config.take("vocab_size", 96103)
        return {
            "kind": "encoder_decoder",
            "vocabulary_size": size,
            "encoder": encoder,
            "decoder": decoder,
        }

    def pattern(self, config) -> Any:
        """Whom the encoder's tokens see, as the original does when it is evaluated."""
        size, links = config.take("block_size", 64), config.take("num_random_blocks", 3)
        heads = config.take("encoder_attention_heads", 16)
        sparse = {
            "kind": "big_bird",
            "num_heads": heads,
            "block_size": size,
            "num_random_blocks": links,
            "plan": "evaluation",
        }
        known = {"block_sparse": sparse, "original_full": "full"}
        return config.among("attention_type", "block_sparse", known)

    def task(self, config, kind):
        return {"output_bias": True}

    def fields(self, backbone, task):
        attention = backbone["encoder"]["blocks"][0]["attention"]
        pattern = attention["pattern"]
        sparse = pattern["kind"] == "big_bird"
        return {
            **_seq2seq.fields(backbone),
            "max_position_embeddings": backbone["encoder"]["position"]["max_sequence_length"],
            "use_bias": attention["use_bias"],
            "attention_type": "block_sparse" if sparse else "original_full",
            **(
                {name: pattern[name] for name in ("block_size", "num_random_blocks")}
                if sparse
                else {}
            ),
        }

    def weights(self, backbone):
        yield from _seq2seq.weights(backbone, encoder_attention)
        for side in SIDES:
            stack = getattr(backbone, side)
            yield same(f"model.{side}.embed_positions.weight", stack.position.embeddings)
            yield from norm(f"model.{side}.layernorm_embedding", stack.output_norm)

    def head_weights(self, task):
        return _seq2seq.head_weights(task)


def encoder_attention(name: str, attention: Any) -> Iterator[Weight]:
    for part in ("query", "key", "value"):
        yield from linear(f"{name}.self.{part}", getattr(attention, part))
    yield from linear(f"{name}.output", attention.attention_output, 2)
