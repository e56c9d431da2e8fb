"""Who may attend to whom: pure functions of positions, without weights."""

from typing import Any

from zoo.core.kinds import Kind


class Pattern(Kind):
    """The contract of every pattern. Works alike on NumPy arrays and on tensors."""

    shelf = "attention/patterns"
    causal: bool = False
    """Whether no query ever attends to a later key."""
    shift_invariant: bool = True
    """Whether only the distance counts, not where in the text the pair stands."""

    def allowed(self, query: Any, key: Any) -> Any:
        """Integer positions that broadcast, say `q 1` and `1 k` -> bool `q k`."""
        raise NotImplementedError

    def __and__(self, other: "Pattern") -> "Pattern":
        from zoo.attention.patterns.both import Both

        return Both([self, other])

    def __or__(self, other: "Pattern") -> "Pattern":
        from zoo.attention.patterns.either import Either

        return Either([self, other])
