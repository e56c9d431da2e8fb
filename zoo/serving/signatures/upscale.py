"""Small pictures made large."""

from zoo.serving.signatures._painting import Generate


class Upscale(Generate):
    """image string `b`, of any size: it becomes as small as those the model was trained to read;
    temperature, top_k, top_p, seed, each `b` or `1` -> image_bytes string `b`, PNG. `temperature` 0
    takes the likeliest, `top_k` 0 and `top_p` 1 keep all; label string `b` or `1` names a class
    where the model knows some."""

    tasks = ("causal_lm", "mixture_lm")
    first = True

    def of(self, model):
        return self if self.fits(model) else None

    def fits(self, model):
        return bool(model.painted and model.painted.factor)
