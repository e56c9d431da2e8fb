"""What families share that write pictures as codes: autoencoders, and none of their judges."""

from typing import Any

from zoo.convert.config import Config
from zoo.convert.families import Family


class Coded(Family):
    """An autoencoder. Its config holds what its authors made it with, under their names."""

    unsaid = frozenset({"codebook_weight", "perception", "perceptual_weight", "critic", "dropout"})

    def task(self, config, kind):
        return {}

    def fields(self, backbone, task):
        raise NotImplementedError

    def size(self, config: Config) -> int:
        """How large pictures are; both were published for the same size."""
        return config.size("resolution", 256)

    def head_weights(self, task):
        return iter(())

    def channels(self, config: Config, *names: str) -> dict[str, Any]:
        """How many channels pictures have, where these are not three. Raises ZooError where more
        or fewer go out than come in."""
        found = config.size(names[0], 3)
        for name in names[1:]:
            config.must(name, found)
        return {} if found == 3 else {"num_channels": found}
