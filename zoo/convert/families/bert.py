"""BERT (Devlin et al. 2019)."""

from zoo.convert.families._encoder import Encoder


class Bert(Encoder):
    prefix = "bert."
    heads = {"BertForMaskedLM": "masked_lm", "BertForPreTraining": "masked_lm", "BertModel": ""}
    head = {
        "dense": "cls.predictions.transform.dense",
        "norm": "cls.predictions.transform.LayerNorm",
        "scores": "cls.predictions.decoder",
        "bias": "cls.predictions.bias",
    }
    unread = (
        *Encoder.unread,
        r"cls\.seq_relationship\..*",
        r"cls\.predictions\.decoder\..*",
    )

    def backbone(self, config):
        config.must("position_embedding_type", "absolute")
        config.unused("classifier_dropout")
        return super().backbone(config)
