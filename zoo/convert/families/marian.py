"""Marian: the encoder-decoder of the Helsinki translation models (Junczys-Dowmunt et al. 2018)."""

from zoo.convert.families import Family, _seq2seq
from zoo.convert.families._seq2seq import SIDES, stack


class Marian(Family):
    heads = {"MarianMTModel": "seq2seq_lm"}
    unread = (*_seq2seq.UNREAD, r"embed_positions\.weight")

    def backbone(self, config):
        config.must("is_encoder_decoder", True)
        config.must("share_encoder_decoder_embeddings", True)
        config.must("tie_word_embeddings", True)
        size = config.take("vocab_size", 58101)
        config.must("decoder_vocab_size", size)
        config.unused("max_position_embeddings")  # sines have no end
        config.unused("num_hidden_layers")
        own = {
            "activation": "gelu",
            "position": {"kind": "sinusoidal", "layout": "halves"},
            "scale_embedding": config.take("scale_embedding", False),
        }
        stacks = {side: stack(config, side, 12, "post_norm", **own) for side in SIDES}
        return {"kind": "encoder_decoder", "vocabulary_size": size, **stacks}

    def task(self, config, kind):
        return {"output_bias": True}

    def fields(self, backbone, task):
        return _seq2seq.fields(backbone)

    def weights(self, backbone):
        return _seq2seq.weights(backbone, _seq2seq.projections)

    def head_weights(self, task):
        return _seq2seq.head_weights(task)
