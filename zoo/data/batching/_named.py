"""Classes by their names, or by the numbers of their places."""

from zoo.core.errors import ZooError, shown, suggest


def place_of(labels: list[str], said: str, told: str) -> int:
    """The place in `labels` of a class, or of its number. Raises ZooError, which begins with what
    is `told`, such as `a.npz:3 is`."""
    if said in labels:
        return labels.index(said)
    if said.isdecimal() and int(said) < len(labels):
        return int(said)
    raise ZooError(f"{told} of the class {shown(said)}. {suggest(said, labels)}", "labels")
