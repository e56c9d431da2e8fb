"""Two files whose lines belong together, such as sentences and their translations."""

from zoo.core.errors import ZooError
from zoo.data.sources import Document, Source
from zoo.data.sources._files import lines
from zoo.data.sources._pairs import answered


class ParallelText(Source):
    """A document is a line of `path` and, as its answer, the same line of `target_path`. Empty
    lines are left out, and those they belong to. Files end in `.gz` or are plain UTF-8.
    Raises ZooError for files of different length."""

    def __init__(
        self,
        path: str,
        target_path: str,
        validation_path: str | None = None,
        validation_target_path: str | None = None,
    ):
        if (validation_path is None) != (validation_target_path is None):
            raise ZooError("needs validation_path and validation_target_path, or neither of them.")
        self.path, self.target_path = path, target_path
        self.validation_path, self.validation_target_path = validation_path, validation_target_path

    def train(self):
        return self._documents(self.path, self.target_path, "path")

    def validation(self):
        if self.validation_path is None:
            return []
        paths = self.validation_path, self.validation_target_path
        return self._documents(*paths, "validation_path")

    def _documents(self, path, target_path, option) -> list[Document]:
        read = lines(path, option)
        written = lines(target_path, option.replace("path", "target_path"))
        if len(read) != len(written):
            raise ZooError(
                f"{path} has {len(read):,} lines, {target_path} {len(written):,}: they do not "
                "belong together line by line.",
                option,
            )
        found = [
            answered(f"{path}:{number}", one.encode(), other.encode())
            for number, (one, other) in enumerate(zip(read, written), 1)
            if one.strip() and other.strip()
        ]
        if not found:
            raise ZooError(f"{path} and {target_path} hold no pair of lines.", option)
        return found
