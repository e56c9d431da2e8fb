"""What batchings share whose documents are pictures, and the classes that belong to each."""

from zoo.core.errors import ZooError, shown
from zoo.data.batching._named import place_of
from zoo.data.batching._pictured import Pictured


class Classed(Pictured):
    """The contract of batches of pictures, as `Pictured` has them, and what is called by `labels`,
    the names of classes. Raises ZooError for two that are alike, and for classes that are no
    labels."""

    def __init__(self, labels: list[str], **kwargs):
        super().__init__(**kwargs)
        if len(set(labels)) < len(labels):
            raise ZooError(f"found {shown(labels)}, expected all different.", "labels")
        self.labels = labels

    def label(self, said: str, name: str) -> int:
        """The place in `labels` of a class, or of its number, that a document called `name` says.
        Raises ZooError."""
        return place_of(self.labels, said, f"{name} is")
