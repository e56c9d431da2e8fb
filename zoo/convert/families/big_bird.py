"""BigBird (Zaheer et al. 2020), the encoder.

Outside of training the original draws no links: each is to the first block, and so are ours.
"""

from typing import Any

from zoo.convert.families._encoder import Encoder
from zoo.convert.families.bert import Bert

USUAL = {"hidden_act": "gelu_new", "max_position_embeddings": 4096}
SPARSE = {"block_size": 64, "num_random_blocks": 3}


class BigBird(Encoder):
    prefix = "bert."
    heads = {
        "BigBirdForMaskedLM": "masked_lm",
        "BigBirdForPreTraining": "masked_lm",
        "BigBirdModel": "",
    }
    head = Bert.head
    vocabulary_size = 50358
    unread = (
        r"embeddings\.(position|token_type)_ids",
        r"pooler\.(weight|bias)",
        r"cls\.seq_relationship\..*",
        r"cls\.predictions\.decoder\..*",
    )

    def backbone(self, config):
        config.fields = {**USUAL, **config.fields}
        config.must("position_embedding_type", "absolute")
        config.unused("classifier_dropout")
        written = super().backbone(config)
        attention = written["blocks"]["attention"]
        attention["pattern"] = self.pattern(config, attention["num_heads"])
        attention["use_bias"] = config.take("use_bias", True)
        attention["output_bias"] = True
        scaled = config.take("rescale_embeddings", False)
        return {**written, "embedding_norm": "after_dropout", "scale_embedding": scaled}

    def pattern(self, config, num_heads: int) -> Any:
        """Who sees whom."""
        sizes = {name: config.size(name, usual) for name, usual in SPARSE.items()}
        sparse = {"kind": "big_bird", "num_heads": num_heads, "plan": "evaluation", **sizes}
        known = {"block_sparse": sparse, "original_full": "full"}
        return config.among("attention_type", "block_sparse", known)

    def fields(self, backbone, task):
        attention = backbone["blocks"][0]["attention"]
        pattern = attention["pattern"]
        sizes = {name: pattern[name] for name in SPARSE if name in pattern}
        return {
            **super().fields(backbone, task),
            "attention_type": "block_sparse" if sizes else "original_full",
            "use_bias": attention["use_bias"],
            "rescale_embeddings": backbone["scale_embedding"],
            **sizes,
        }
