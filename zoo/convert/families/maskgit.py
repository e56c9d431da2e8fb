"""MaskGIT, which guesses hidden codes of pictures (Chang et al. 2022, arXiv:2202.04200;
maskgit/nets/maskgit_transformer.py).

Its checkpoints are those of Flax: the folder to be read holds their `params` as
`model.safetensors`, the names of a path joined by dots, and as `config.json` the fields of the
class `Transformer`, with `model_type: maskgit` and `architectures: [Transformer]`. Token ids are
those of the tokenizer `image_codes`: codes, classes, and a mask.
"""

from collections.abc import Iterator
from typing import Any

from zoo.convert.families._encoder import Encoder
from zoo.convert.weights import Weight, same


class Maskgit(Encoder):
    heads = {"Transformer": "masked_lm"}
    unread = ()
    names = {
        ours: theirs
        for ours, theirs in Encoder.names.items()
        if ours not in ("num_segments", "epsilon")
    }
    vocabulary_size = 2025
    activation = "gelu_new"

    def weights(self, backbone):
        tables = backbone.token_embedding.embeddings, backbone.position.embeddings
        for name, table in zip(("word", "position"), tables):
            yield same(f"Embed_0.{name}_embeddings.embedding", table)
        yield from scaled("Embed_0.embeddings_ln", backbone.input_norm)
        for number, block in enumerate(backbone.transformer_layers):
            layer, attention = f"TransformerLayer_{number}.", block.attention
            attends = f"{layer}Attention_0.self_attention."
            for name in ("query", "key", "value"):
                yield from dense(attends + name, getattr(attention, name))
            yield from dense(f"{attends}out", attention.attention_output)
            yield from scaled(f"{layer}Attention_0.attention_output_ln", block.attention_norm)
            feeds, feed_forward = f"{layer}Mlp_0.", block.feed_forward
            yield from dense(f"{feeds}intermediate_output", feed_forward.widen)
            yield from dense(f"{feeds}layer_output", feed_forward.narrow)
            yield from scaled(f"{feeds}layer_output_ln", block.feed_forward_norm)

    def head_weights(self, task):
        yield from dense("MlmLayer_0.mlm_dense", task.dense)
        yield from scaled("MlmLayer_0.mlm_ln", task.norm)
        yield same("MlmLayer_0.mlm_bias.bias", task.bias.bias)


def dense(name: str, layer: Any) -> Iterator[Weight]:
    """A projection of Flax, which keeps its axes as we do."""
    yield same(f"{name}.kernel", layer.kernel)
    yield same(f"{name}.bias", layer.bias)


def scaled(name: str, layer: Any) -> Iterator[Weight]:
    """A layer norm of Flax."""
    yield same(f"{name}.scale", layer.gamma)
    yield same(f"{name}.bias", layer.beta)
