"""Files that are read whole, packed or not."""

import gzip
import io
import zlib
from pathlib import Path

from zoo.core.errors import ZooError, suggest
from zoo.core.folders import at_home


def lines(path: str, option: str) -> list[str]:
    """The lines of a UTF-8 text file; `.gz` is unpacked. A line ends where an editor breaks it, not
    at the other characters that Unicode calls line breaks. Raises ZooError at an option."""
    file = Path(at_home(path))
    try:
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        text = io.StringIO(data.decode("utf-8-sig"), newline=None)
        return [line.removesuffix("\n") for line in text]
    except FileNotFoundError as wrong:
        near = [other.name for other in file.parent.glob("*")] if file.parent.is_dir() else []
        raise ZooError(f"there is no file {file}. {suggest(file.name, near)}", option) from wrong
    except OSError as wrong:
        raise ZooError(f"{file} cannot be read: {wrong.strerror or wrong}.", option) from wrong
    except (EOFError, zlib.error) as wrong:
        raise ZooError(f"{file} is damaged: {wrong}.", option) from wrong
    except UnicodeDecodeError as wrong:
        raise ZooError(f"{file}: found bytes that are not UTF-8 text.", option) from wrong
