"""Write one text while reading another: translation, summaries (Sutskever et al. 2014)."""

from zoo.backbones.encoder_decoder import EncoderDecoder
from zoo.tasks import KERAS_HUB_SEQ2SEQ_LM
from zoo.tasks._written import Written


class Seq2SeqLM(Written, KERAS_HUB_SEQ2SEQ_LM):
    """Call with `encoder_token_ids` int32 `b k`, `encoder_padding_mask` bool `b k` and `token_ids`
    int32 `b t`, `padding_mask` bool `b t` -> float32 logits `b t v`."""

    backbone_cls = EncoderDecoder
