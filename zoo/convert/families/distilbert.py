"""DistilBERT (Sanh et al. 2019): BERT without segments, its epsilon fixed."""

from zoo.convert.families._encoder import Encoder


class Distilbert(Encoder):
    prefix = "distilbert."
    heads = {"DistilBertForMaskedLM": "masked_lm", "DistilBertModel": ""}
    names = {
        "num_layers": "n_layers",
        "hidden_dim": "dim",
        "num_heads": "n_heads",
        "intermediate_dim": "hidden_dim",
        "activation": "activation",
        "dropout": "dropout",
        "attention_dropout": "attention_dropout",
    }
    num_layers = 6
    layer = "transformer.layer"
    parts = {
        "query": "attention.q_lin",
        "key": "attention.k_lin",
        "value": "attention.v_lin",
        "attention_output": "attention.out_lin",
        "attention_norm": "sa_layer_norm",
        "widen": "ffn.lin1",
        "narrow": "ffn.lin2",
        "feed_forward_norm": "output_layer_norm",
    }
    head = {
        "dense": "vocab_transform",
        "norm": "vocab_layer_norm",
        "scores": "vocab_projector",
        "bias": "vocab_projector.bias",
    }
    unread = (*Encoder.unread, r"vocab_projector\.weight")

    def backbone(self, config):
        config.must("tie_weights_", True)
        for name in ("qa_dropout", "seq_classif_dropout", "sinusoidal_pos_embds"):
            config.unused(name)  # sinusoids are where its table began; the table is in the file
        return super().backbone(config)
