"""Longformer (Beltagy et al. 2020). Which tokens are global is told with `global_mask`."""

from zoo.convert.config import Config
from zoo.convert.families._cycle import shortest_cycle
from zoo.convert.families._encoder import Encoder
from zoo.convert.families.roberta import PADDING, Roberta
from zoo.convert.weights import linear

USUAL = {"max_position_embeddings": 4098}


class Longformer(Encoder):
    prefix = "longformer."
    heads = {"LongformerForMaskedLM": "masked_lm", "LongformerModel": ""}
    head, first_row, unread = Roberta.head, Roberta.first_row, Roberta.unread

    def backbone(self, config):
        config.fields = {**USUAL, **config.fields}
        config.must("position_embedding_type", "absolute")
        config.must("pad_token_id", PADDING)
        written = super().backbone(config)
        block = written["blocks"]
        attention = {**block["attention"], "kind": "global_local"}
        patterns = [
            {"kind": "longformer", "attention_window": window, "marked": True}
            for window in shortest_cycle(self.windows(config, written["num_layers"]))
        ]
        blocks = [{**block, "attention": {**attention, "pattern": one}} for one in patterns]
        return {**written, "blocks": blocks}

    def windows(self, config: Config, num_layers: int) -> list[int]:
        """The window of each layer, which the config may say once for all."""
        found = config.take("attention_window", None) or 512
        every = found if isinstance(found, list) else [found] * num_layers
        even = all(type(one) is int and one > 0 and one % 2 == 0 for one in every)
        if not even or len(every) != num_layers:
            raise config.wrong("attention_window", f"an even number, or {num_layers} of them")
        return every

    def task(self, config, kind):
        return {**super().task(config, kind), "activation": "gelu"}

    def fields(self, backbone, task):
        patterns = [block["attention"]["pattern"] for block in backbone["blocks"]]
        windows = [
            patterns[layer % len(patterns)]["attention_window"]
            for layer in range(backbone["num_layers"])
        ]
        return {**super().fields(backbone, task), "attention_window": windows, "pad_token_id": 1}

    def weights(self, backbone):
        yield from super().weights(backbone)
        for number, block in enumerate(backbone.transformer_layers):
            layer = f"{self.prefix}{self.layer}.{number}."
            for name in ("query", "key", "value"):
                dense = getattr(block.attention, f"{name}_global")
                yield from linear(f"{layer}{self.parts[name]}_global", dense)
