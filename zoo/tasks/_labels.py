"""What classes are called."""

from zoo.core.errors import ZooError


def named(labels: list[str] | None, num_classes: int) -> list[str] | None:
    """The names of classes, or nothing where they are not known. Raises ZooError for more or fewer
    names than classes."""
    if labels and len(labels) != num_classes:
        raise ZooError(f"found {len(labels):,}, expected {num_classes:,}.", "labels")
    return labels
