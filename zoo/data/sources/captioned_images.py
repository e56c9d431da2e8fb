"""Pictures in a NumPy file, all of one size, and a table of what they are called."""

import csv

from zoo.core.errors import ZooError, shown, suggest
from zoo.data.sources._files import lines
from zoo.data.sources._pairs import answered
from zoo.data.sources._parted import Parted
from zoo.data.sources.image_arrays import stack


class CaptionedImages(Parted):
    """`.npz` files with `images`, uint8 `n y x c` or `n y x`, under this name or another, and
    beside each a `.tsv` file of the same name: a first line that names its columns, among them
    `index`, the place of a picture, and `caption`, or another column that is named. A document is
    the bytes of a picture, row by row; its answer the caption. Without a `validation_path` a
    `validation_fraction` is held out, spread over all.
    Raises ZooError for a file that holds anything else."""

    def __init__(
        self,
        path: str,
        validation_path: str | None = None,
        images: str = "images",
        caption: str = "caption",
        **kwargs,
    ):
        super().__init__(path, validation_path, **kwargs)
        self.images, self.caption = images, caption

    def documents(self, path, option):
        images = stack(path, option, self.images)
        return [
            answered(f"{path}:{place}", images[place].tobytes(), caption.encode())
            for place, caption in self._captions(path, option, len(images))
        ]

    def _captions(self, path: str, option: str, number: int) -> list[tuple[int, str]]:
        """The place of a picture and its caption, of each line."""
        table = path.removesuffix(".npz") + ".tsv"
        found, rows = (
            [],
            csv.DictReader(lines(table, option), delimiter="\t", quoting=csv.QUOTE_NONE),
        )
        for wanted in ("index", self.caption):
            if wanted not in (rows.fieldnames or []):
                near = suggest(wanted, rows.fieldnames or [])
                raise ZooError(f"{table}: has no column {shown(wanted)}. {near}", option)
        for line, row in enumerate(rows, 2):
            place, caption = row["index"] or "", row[self.caption]
            if not (place.isdecimal() and int(place) < number) or not caption:
                wanted = f"the place of one of {number} pictures, and a caption"
                held = f"{shown(place)} and {shown(caption)}"
                raise ZooError(f"{table}:{line}: found {held}, expected {wanted}.", option)
            found.append((int(place), caption))
        if not found:
            raise ZooError(f"{table}: found no captions, expected one a line.", option)
        return found
