"""What Hugging Face's encoder-decoders share: the names of fields, and most names of weights."""

from collections.abc import Callable, Iterator
from typing import Any

from zoo.convert.config import Config, name_of
from zoo.convert.weights import Weight, linear, norm, same

SIDES = ("encoder", "decoder")
UNREAD = (
    r"(encoder|decoder)\.embed_tokens\.weight",
    r"lm_head\.weight",
)


def stack(config: Config, side: str, layers: int, block: str, **own: Any) -> dict[str, Any]:
    """One of the stacks with blocks of a kind. `own` is what a family adds to the stack, and to
    `attention`."""
    hidden, dropout = config.take("d_model", 1024), config.take("dropout", 0.1)
    heads, head_dim = config.heads(f"{side}_attention_heads", 16, hidden)
    config.must(f"{side}_layerdrop", 0.0)
    inside = {
        "num_heads": heads,
        "head_dim": head_dim,
        "dropout": config.take("attention_dropout", 0.0),
        **own.pop("attention", {}),
    }
    pattern = {"encoder": "full", "decoder": "causal"}[side]
    blocks = {
        "kind": block if side == "encoder" else f"cross_{block}",
        "dropout": dropout,
        "attention": {"kind": "multi_head", "pattern": own.pop("pattern", pattern), **inside},
        "feed_forward": {
            "kind": "plain",
            "intermediate_dim": config.take(f"{side}_ffn_dim", 4096),
            "activation": config.activation("activation_function", own.pop("activation")),
            "dropout": config.take("activation_dropout", 0.0),
        },
    }
    if side == "decoder":
        blocks["cross_attention"] = {"kind": "cross", **inside}
    return {
        "kind": "transformer",
        "num_layers": config.take(f"{side}_layers", layers),
        "hidden_dim": hidden,
        "dropout": dropout,
        "blocks": blocks,
        **own,
    }


def fields(backbone: dict[str, Any]) -> dict[str, Any]:
    """The config of an encoder-decoder."""
    found: dict[str, Any] = {"vocab_size": backbone["vocabulary_size"], "is_encoder_decoder": True}
    for side in SIDES:
        written = backbone[side]
        block = written["blocks"][0]
        found |= {
            f"{side}_layers": written["num_layers"],
            f"{side}_attention_heads": block["attention"]["num_heads"],
            f"{side}_ffn_dim": block["feed_forward"]["intermediate_dim"],
            "d_model": written["hidden_dim"],
            "scale_embedding": written["scale_embedding"],
            "dropout": written["dropout"],
            "attention_dropout": block["attention"]["dropout"],
            "activation_dropout": block["feed_forward"]["dropout"],
            "activation_function": name_of(block["feed_forward"]["activation"]),
        }
    return found


def weights(backbone: Any, encoder_attention: Callable[..., Iterator[Weight]]) -> Iterator[Weight]:
    """The shared embedding and the blocks of both stacks. Families name the encoder's attention."""
    yield same("model.shared.weight", backbone.token_embedding.embeddings)
    yield from layers("encoder", backbone.encoder, encoder_attention)
    yield from layers("decoder", backbone.decoder)


def projections(name: str, attention: Any) -> Iterator[Weight]:
    """The four projections of an attention, as BART calls them."""
    yield from linear(f"{name}.q_proj", attention.query)
    yield from linear(f"{name}.k_proj", attention.key)
    yield from linear(f"{name}.v_proj", attention.value)
    yield from linear(f"{name}.out_proj", attention.attention_output, 2)


def layers(
    side: str, stack: Any, attention: Callable[..., Iterator[Weight]] = projections
) -> Iterator[Weight]:
    """The blocks of a stack, with the weights of their `attention` to their own text."""
    for number, block in enumerate(stack.transformer_layers):
        layer = f"model.{side}.layers.{number}."
        yield from attention(f"{layer}self_attn", block.attention)
        yield from norm(f"{layer}self_attn_layer_norm", block.attention_norm)
        if hasattr(block, "cross_attention"):
            yield from projections(f"{layer}encoder_attn", block.cross_attention)
            yield from norm(f"{layer}encoder_attn_layer_norm", block.cross_attention_norm)
        yield from linear(f"{layer}fc1", block.feed_forward.widen)
        yield from linear(f"{layer}fc2", block.feed_forward.narrow)
        yield from norm(f"{layer}final_layer_norm", block.feed_forward_norm)


def head_weights(task: Any) -> Iterator[Weight]:
    """The bias of the scores, which lies as one row."""
    yield Weight(
        "final_logits_bias",
        [task.bias.bias],
        lambda theirs: [theirs[0]],
        lambda ours: ours[0][None],
    )
