"""The first GPT (Radford et al. 2018). Its `gelu` is the approximate one."""

from zoo.convert.families._gpt import Gpt

ACTIVATIONS = {
    "gelu": "gelu_approximate",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
}


class OpenaiGpt(Gpt):
    heads = {"OpenAIGPTLMHeadModel": "causal_lm", "OpenAIGPTModel": ""}
    block = "post_norm"
    tables = ("tokens_embed", "positions_embed")
    sizes = (40478, 512)

    def feed_forward(self, config, hidden):
        config.must("n_special", 0)
        config.unused("predict_special_tokens")
        return {
            "intermediate_dim": 4 * hidden,
            "activation": config.among("afn", "gelu", ACTIVATIONS),
        }

    def fields(self, backbone, task):
        ours = backbone["blocks"][0]["feed_forward"]["activation"]
        return {
            **super().fields(backbone, task),
            "model_type": "openai-gpt",
            "afn": next((theirs for theirs, one in ACTIVATIONS.items() if one == ours), "gelu"),
        }
