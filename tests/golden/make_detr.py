"""Make detr.npz: a small DETR of transformers, with its losses.

Made with torch 2.15.0 and transformers 4.35.2, in evaluation mode, with a ResNet of transformers in
the place of timm's (whose blocks vision.npz has). Its arrays:

    config              JSON: what transformers writes
    preprocessor        JSON: how pictures are prepared
    timm                JSON: what arrays of detr-resnet-50 are called with timm's ResNet, and their
                        shapes
    weights/<name>      state dict, with the statistics of batch norms
    x                   [batch, height, width, channels], normalised
    logits, boxes       [layers, batch, queries, …], of every layer of the decoder
    targets             [batch, objects, 5]: a class, -1 where there is nothing, and a box
    mask                [batch, height, width], 1 where a picture is, which ends before it has to
    filled_logits, filled_boxes     of the last layer, with this mask
    loss                that of all layers, with the weights of the paper
    last                that of the last layer

The quirks of the original: batch norms are frozen; rows and columns are counted from 1, and the
last of them is 2π; positions are added to queries and keys at every layer, and not to values; one
norm is behind the answers of every layer of the decoder, and the next layer sees what was not
normalised (`auxiliary_loss` of transformers 4.35.2 hands on what was: the authors do not, nor do we
here); a loss is divided by the objects of a whole batch, its part for the classes by their weights.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from arrays import case_arrays, noise, save
from transformers import DetrConfig, DetrForObjectDetection, DetrImageProcessor, ResNetConfig
from transformers.models.detr.modeling_detr import DetrHungarianMatcher, DetrLoss

SIZE, CLASSES, LAYERS = 96, 4, 2


def config():
    image = ResNetConfig(
        embedding_size=8,
        hidden_sizes=[16, 32, 32, 48],
        depths=[1, 2, 1, 1],
        layer_type="bottleneck",
        out_features=["stage4"],
    )
    return DetrConfig(
        use_timm_backbone=False,
        backbone_config=image,
        d_model=32,
        encoder_layers=LAYERS,
        decoder_layers=LAYERS,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=48,
        decoder_ffn_dim=48,
        num_queries=7,
        id2label=dict(enumerate("abcd")),
    )


def randomise(model, rng):
    """Weights of the size that keeps a signal as large as it is, and statistics of some batches."""
    for name, value in [*model.named_parameters(), *model.named_buffers()]:
        if value.dtype != torch.float32:
            continue
        scale = 0.3 if value.ndim < 2 else (2 / value[0].numel()) ** 0.5
        scale = 4.0 if "query_position" in name else scale  # or all queries would answer alike
        drawn = noise(rng, *value.shape, scale=scale)
        spread = name.endswith("running_var") or (value.ndim == 1 and name.endswith("weight"))
        value.data = value.data.new_tensor(1 + abs(drawn) if spread else drawn)


def drawn_targets(rng):
    """Three objects, none, and one."""
    targets = np.full((3, 3, 5), -1.0, "float32")
    for picture, number in enumerate((3, 0, 1)):
        for place in range(number):
            middle, size = rng.uniform(0.3, 0.7, 2), rng.uniform(0.1, 0.5, 2)
            box = np.round(np.concatenate([middle, size]) * 256) / 256
            targets[picture, place] = [rng.integers(CLASSES), *box]
    return targets


def ended():
    """Pictures in the upper left of what they are filled up to."""
    mask = np.zeros((3, SIZE, SIZE), "uint8")
    for picture, (height, width) in enumerate([(SIZE, SIZE), (64, SIZE), (70, 45)]):
        mask[picture, :height, :width] = 1
    return mask


def losses(settings, outputs, targets):
    """Of all layers, and of the last."""
    there = [one[one[:, 0] >= 0] for one in torch.from_numpy(targets)]
    labels = [{"class_labels": one[:, 0].long(), "boxes": one[:, 1:]} for one in there]
    matcher = DetrHungarianMatcher(1, 5, 2)
    kinds = ["labels", "boxes", "cardinality"]
    found = DetrLoss(matcher, CLASSES, settings.eos_coefficient, kinds)(outputs, labels)
    weights = {"loss_ce": 1, "loss_bbox": 5, "loss_giou": 2}
    each = {name: value * weights.get(name.rsplit("_0")[0], 0) for name, value in found.items()}
    last = sum(value for name, value in each.items() if name in weights)
    return sum(each.values()), last


def written(model):
    """The config that transformers writes."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return json.loads((Path(folder) / "config.json").read_text())


def prepared():
    size = {"shortest_edge": SIZE, "longest_edge": 2 * SIZE}
    return DetrImageProcessor(size=size).to_json_string()


def shapes():
    """Of the arrays of the published model."""
    with torch.device("meta"):
        model = DetrForObjectDetection(DetrConfig(use_pretrained_backbone=False, num_labels=91))
    kept = {k: v for k, v in model.state_dict().items() if "num_batches" not in k}
    return {name: list(value.shape) for name, value in kept.items()}


if __name__ == "__main__":
    rng, settings = np.random.default_rng(4), config()
    model = DetrForObjectDetection(settings).eval()
    randomise(model, rng)
    x, targets = noise(rng, 3, SIZE, SIZE, 3), drawn_targets(rng)
    with torch.no_grad():
        out = model(torch.from_numpy(x).permute(0, 3, 1, 2), output_hidden_states=True)
        normal, (_, *below, last) = model.model.decoder.layernorm, out.decoder_hidden_states
        hidden = torch.stack([*map(normal, below), last])
        logits = model.class_labels_classifier(hidden)
        boxes = model.bbox_predictor(hidden).sigmoid()
        assert torch.allclose(logits[-1], out.logits, atol=1e-5)
        assert torch.allclose(boxes[-1], out.pred_boxes, atol=1e-5)
        outputs = {"logits": logits[-1], "pred_boxes": boxes[-1]}
        outputs["auxiliary_outputs"] = [
            {"logits": one, "pred_boxes": other} for one, other in zip(logits[:-1], boxes[:-1])
        ]
        mask = ended()
        seen = torch.from_numpy(x * mask[..., None]).permute(0, 3, 1, 2)
        filled = model(seen, pixel_mask=torch.from_numpy(mask).long())
        whole, last = losses(settings, outputs, targets)
    weights = {k: v for k, v in model.state_dict().items() if "num_batches" not in k}
    arrays = {"logits": logits, "boxes": boxes, "loss": whole, "last": last}
    arrays |= {"filled_logits": filled.logits, "filled_boxes": filled.pred_boxes}
    arrays = {name: value.numpy() for name, value in arrays.items()}
    arrays |= {
        "mask": mask,
        "preprocessor": np.array(prepared()),
        "timm": np.array(json.dumps(shapes())),
    }
    save(__file__, case_arrays(written(model), weights, x=x, targets=targets, **arrays))
