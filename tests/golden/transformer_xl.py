"""Our model with the weights and the conventions of a Hugging Face Transformer-XL."""

import numpy as np
from examples import causal_lm
from keras import ops

from zoo.attention.segment_recurrent import Memory

CASES = [
    "memory_longer",
    "memory_equal",
    "memory_shorter",
    "no_memory",
    "same_length",
    "clamp",
    "untied",
    "pre_norm",
]


def ours(case, arrays, config):
    """A task and its first state, from the arrays of one case and the original's configuration."""
    task = causal_lm(backbone(config), output_bias=True)
    weights = {
        name.removeprefix(f"{case}/weights/"): array
        for name, array in arrays.items()
        if name.startswith(f"{case}/weights/")
    }
    load(task, weights, config)
    return task, first_state(task, config)


def backbone(config):
    position = {
        "kind": "relative_xl",
        "hidden_dim": config["d_model"],
        "tie_biases": not config["untie_r"],
        "clamp_length": config["clamp_len"] if config["clamp_len"] > 0 else None,
    }
    attention = {
        "kind": "segment_recurrent",
        "num_heads": config["n_head"],
        "head_dim": config["d_head"],
        "memory_length": config["mem_len"],
        "use_bias": False,
        "position": position,
    }
    if config["same_length"]:  # the original counts the query itself
        attention["pattern"] = {"kind": "local", "back": config["mem_len"] - 1}
    return {
        "kind": "transformer",
        "num_layers": config["n_layer"],
        "hidden_dim": config["d_model"],
        "scale_embedding": True,
        "blocks": {
            "kind": "pre_norm" if config["pre_lnorm"] else "post_norm",
            "attention": attention,
            "feed_forward": {
                "kind": "plain",
                "intermediate_dim": config["d_inner"],
                "activation": "relu",
            },
        },
    }


def load(task, weights, config):
    heads, size, d = config["n_head"], config["d_head"], config["d_model"]

    def projection(rows):
        return rows.reshape(heads, size, d).transpose(2, 0, 1)

    task.backbone.token_embedding.embeddings.assign(
        weights["transformer.word_emb.emb_layers.0.weight"]
    )
    task.bias.bias.assign(weights["crit.out_layers.0.bias"])
    for number, block in enumerate(task.backbone.transformer_layers):
        at = f"transformer.layers.{number}."
        attention, feed_forward = block.attention, block.feed_forward
        query, key, value = np.split(weights[f"{at}dec_attn.qkv_net.weight"], 3)
        attention.query.kernel.assign(projection(query))
        attention.key.kernel.assign(projection(key))
        attention.value.kernel.assign(projection(value))
        output = weights[f"{at}dec_attn.o_net.weight"].reshape(d, heads, size)
        attention.attention_output.kernel.assign(output.transpose(1, 2, 0))
        position = attention.position
        position.projection.kernel.assign(projection(weights[f"{at}dec_attn.r_net.weight"]))
        position.biases.by_key.assign(weights[f"{at}dec_attn.r_w_bias"])
        position.biases.by_distance.assign(weights[f"{at}dec_attn.r_r_bias"])
        for norm, name in (
            (block.attention_norm, "dec_attn.layer_norm"),
            (block.feed_forward_norm, "pos_ff.layer_norm"),
        ):
            norm.gamma.assign(weights[f"{at}{name}.weight"])
            norm.beta.assign(weights[f"{at}{name}.bias"])
        for dense, place in ((feed_forward.widen, 0), (feed_forward.narrow, 3)):
            dense.kernel.assign(weights[f"{at}pos_ff.CoreNet.{place}.weight"].T)
            dense.bias.assign(weights[f"{at}pos_ff.CoreNet.{place}.bias"])


def first_state(task, config):
    """The original begins with zeros in every slot and attends to them. With `pre_lnorm` they go
    through the norm first, and ours remembers what comes out of it: the norm's bias."""
    state = []
    for block, layer in zip(task.backbone.transformer_layers, task.initial_state(2)):
        hidden = layer.hidden
        if config["pre_lnorm"]:
            hidden = hidden + ops.convert_to_tensor(block.attention_norm.beta)
        state.append(Memory(hidden, ops.full((2,), config["mem_len"], "int32")))
    return tuple(state)
