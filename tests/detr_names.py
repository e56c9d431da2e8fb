"""Which weight of DETR, as transformers names them, is which of ours."""

from zoo.convert.image_weights import bottleneck, convolved, in_stages
from zoo.convert.weights import convolution, linear, norm, same

LOOKS = ("q_proj", "query"), ("k_proj", "key"), ("v_proj", "value")


def detr(task):
    backbone, image = task.backbone, "model.backbone.conv_encoder.model."
    stem, _, *blocks, last = backbone.encoder.image_layers
    yield from convolved(names(f"{image}embedder.embedder"), stem.conv, stem.conv_norm)
    for name, block in in_stages(blocks, f"{image}encoder.stages.{{}}.layers.{{}}."):
        parts = [names(f"{name}layer.{part}") for part in range(3)]
        yield from bottleneck(block, names(f"{name}shortcut"), parts)
    yield from convolution("model.input_projection", last.conv)
    first = backbone.transformer_layers[0].attention.position
    yield same("model.query_position_embeddings.weight", first.own().embeddings)
    for number, block in enumerate(backbone.encoder.transformer_layers):
        yield from layer(f"model.encoder.layers.{number}.", block)
    for number, block in enumerate(backbone.transformer_layers):
        name = f"model.decoder.layers.{number}."
        yield from layer(name, block)
        yield from attention(f"{name}encoder_attn.", block.cross_attention)
        yield from norm(f"{name}encoder_attn_layer_norm", block.cross_attention_norm)
    yield from norm("model.decoder.layernorm", backbone.output_norm)
    yield from linear("class_labels_classifier", task.class_dense)
    for number, dense in enumerate(task.box_layers):
        yield from linear(f"bbox_predictor.layers.{number}", dense)


def names(place):
    return f"{place}.convolution", f"{place}.normalization"


def layer(name, block):
    yield from attention(f"{name}self_attn.", block.attention)
    yield from norm(f"{name}self_attn_layer_norm", block.attention_norm)
    yield from linear(f"{name}fc1", block.feed_forward.widen)
    yield from linear(f"{name}fc2", block.feed_forward.narrow)
    yield from norm(f"{name}final_layer_norm", block.feed_forward_norm)


def attention(name, layer):
    for theirs, ours in LOOKS:
        yield from linear(f"{name}{theirs}", getattr(layer, ours))
    yield from linear(f"{name}out_proj", layer.attention_output, inputs=2)
