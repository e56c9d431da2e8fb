"""GPT-2 (Radford et al. 2019)."""

from zoo.convert.config import name_of
from zoo.convert.families._gpt import Gpt


class Gpt2(Gpt):
    heads = {"GPT2LMHeadModel": "causal_lm", "GPT2Model": ""}
    block = "pre_norm"
    final_norm = True
    tables = ("wte", "wpe")
    sizes = (50257, 1024)

    def feed_forward(self, config, hidden):
        for name in ("scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn"):
            config.must(name, False)
        config.must("scale_attn_weights", True)
        return {
            "intermediate_dim": config.size_or_none("n_inner") or 4 * hidden,
            "activation": config.activation("activation_function", "gelu_new"),
        }

    def fields(self, backbone, task):
        feed_forward = backbone["blocks"][0]["feed_forward"]
        return {
            **super().fields(backbone, task),
            "n_inner": feed_forward["intermediate_dim"],
            "activation_function": name_of(feed_forward["activation"]),
        }
