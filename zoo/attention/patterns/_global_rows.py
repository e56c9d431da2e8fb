"""What global tokens see, without what others see of them."""

from zoo.attention.patterns import Pattern
from zoo.attention.patterns._composed import Composed
from zoo.attention.patterns._joined import Joined
from zoo.attention.patterns._told import told
from zoo.attention.patterns.both import Both
from zoo.attention.patterns.either import Either
from zoo.attention.patterns.global_tokens import GlobalTokens


class GlobalRows(GlobalTokens):
    """Global tokens see everyone; nobody else sees anything."""

    def allowed(self, query, key, head=0):
        return self._among(query) & (key == key)

    def sees(self, query, key, head=0, marks=None):
        seen = self.allowed(query, key)
        return seen | (told(marks, "global_mask")[0] & (key == key)) if self.marked else seen

    def some(self, box, head=0):
        return self._count(box.query_first, box.query_last) > 0

    def every(self, box, head=0):
        return self._count(box.query_first, box.query_last) > box.query_last - box.query_first


def global_rows(pattern: Pattern) -> Pattern | None:
    """The part of a pattern that its global tokens see; None where it has none."""
    if isinstance(pattern, GlobalTokens):
        return GlobalRows(pattern.positions, pattern.marked)
    if isinstance(pattern, Composed):
        return global_rows(pattern.inner)
    if not isinstance(pattern, Both | Either):
        return None
    parts: Joined = pattern
    rows = [global_rows(part) for part in parts.patterns]
    found = [part for part in rows if part is not None]
    if not found or isinstance(pattern, Either):
        return Either(found) if found else None
    return Both([part or whole for part, whole in zip(rows, parts.patterns)])
