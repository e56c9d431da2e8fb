"""RoBERTa (Liu et al. 2019): BERT with places numbered from behind the padding token on."""

from zoo.convert.families._encoder import Encoder

PADDING = 1


class Roberta(Encoder):
    prefix = "roberta."
    heads = {"RobertaForMaskedLM": "masked_lm", "RobertaModel": ""}
    head = {
        "dense": "lm_head.dense",
        "norm": "lm_head.layer_norm",
        "scores": "lm_head.decoder",
        "bias": "lm_head.bias",
    }
    vocabulary_size = 50265
    first_row = PADDING + 1
    unread = (*Encoder.unread, r"lm_head\.decoder\..*")

    def backbone(self, config):
        config.must("position_embedding_type", "absolute")
        config.must("pad_token_id", PADDING)
        config.unused("classifier_dropout")
        return super().backbone(config)

    def task(self, config, kind):
        return {**super().task(config, kind), "activation": "gelu"}
