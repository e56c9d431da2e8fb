"""What tasks share whose texts KerasHub's `generate` writes."""

from typing import Any

from keras import ops

from zoo.tasks._language_model import LanguageModel


class Written(LanguageModel):
    """`generate` takes what the task is called with: prompts, padded to the end wanted, and what
    there is to read besides."""

    def generate_step(self, inputs: dict[str, Any], stop_token_ids: Any = None) -> dict[str, Any]:
        """What KerasHub's `generate` compiles: prompts `b t`, padded to the end wanted -> `b t`."""
        token_ids, mask = inputs["token_ids"], ops.cast(inputs["padding_mask"], "bool")
        batch_size, length = ops.shape(token_ids)
        start = ops.min(ops.sum(ops.cast(mask, "int32"), axis=-1))
        begun = ops.broadcast_to(ops.arange(length)[None] < start - 1, (batch_size, length))
        state = self.initial_state(batch_size, length)
        _, state = self.backbone.run({**inputs, "padding_mask": begun}, state)

        def step(prompt, state, index):
            last = ops.slice(prompt, (0, index - 1), (batch_size, 1))
            hidden, state = self.backbone.run({"token_ids": last}, state)
            return self.logits(hidden)[:, 0], hidden, state

        written = self.sampler(
            step,
            token_ids,
            state,
            index=start,
            mask=mask,
            stop_token_ids=stop_token_ids,
            model=self,
        )
        return {"token_ids": written, "padding_mask": ops.ones_like(written, "bool")}
