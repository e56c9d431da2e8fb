"""How everything is measured: what the options of `zoo bench` are checked against."""

from dataclasses import dataclass
from typing import Any, Literal

from zoo.core.check import check
from zoo.core.errors import ZooError
from zoo.core.schema import Node
from zoo.core.types import PositiveFloat, PositiveInt


@dataclass(frozen=True)
class Settings:
    """`num_heads`, `head_dim` and `hidden_dim` are for kinds that do not say their own; a recipe
    has them. `jit` and `precision` are a recipe's own unless given. `memory_limit` is in GB."""

    batch_size: PositiveInt = 1
    num_heads: PositiveInt = 8
    head_dim: PositiveInt = 64
    hidden_dim: PositiveInt | None = None
    repeats: PositiveInt = 5
    jit: bool | None = None
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16", "bfloat16"] | None = None
    forward_only: bool = False
    memory_limit: PositiveFloat | None = None


def settings(**options: Any) -> Settings:
    """Checked settings. Raises ZooError that names the first option that is wrong."""
    for problem in check(Node(module=__name__, name="Settings"), options):
        option = "".join(f"--{step}: " for step in problem.path).replace("_", "-")
        raise ZooError(f"{option}{problem.text}")
    return Settings(**options)
