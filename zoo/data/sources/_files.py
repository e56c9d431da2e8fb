"""Files that are read whole, packed or not: their lines, and the JSON objects in these."""

import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zoo.core.errors import ZooError, shown, suggest
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
        raise missing(file, option) from wrong
    except OSError as wrong:
        raise ZooError(f"{file} cannot be read: {wrong.strerror or wrong}.", option) from wrong
    except (EOFError, zlib.error) as wrong:
        raise ZooError(f"{file} is damaged: {wrong}.", option) from wrong
    except UnicodeDecodeError as wrong:
        raise ZooError(f"{file}: found bytes that are not UTF-8 text.", option) from wrong


def missing(file: Path, *option: str) -> ZooError:
    """Of a file that is not there: what is near."""
    near = [other.name for other in file.parent.glob("*")] if file.parent.is_dir() else []
    return ZooError(f"there is no file {file}. {suggest(file.name, near)}", *option)


def objects(path: str, option: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The JSON object in each line of a file, and what to call it. Empty lines are left out.
    Raises ZooError at an option for a line that holds anything else, and for a file of none."""
    empty = True
    for number, line in enumerate(lines(path, option), 1):
        if line.strip():
            name, empty = f"{path}:{number}", False
            yield name, object_of(line, name, option)
    if empty:
        raise ZooError(f"{path}: found an empty file, expected a JSON object a line.", option)


def object_of(line: str | bytes, name: str, option: str) -> dict[str, Any]:
    """The JSON object in a line called `name`. Raises ZooError at an option."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as wrong:
        raise ZooError(f"{name}: not JSON: {wrong}.", option) from wrong
    if not isinstance(found, dict):
        raise ZooError(f"{name}: found {shown(found)}, expected a JSON object.", option)
    return found


def field(fields: Mapping[str, Any], wanted: str, name: str, option: str) -> bytes:
    """The text or whole number that an object called `name` holds in a field, in UTF-8. Raises
    ZooError at an option for anything else there, and for nothing."""
    if wanted not in fields:
        raise ZooError(f"{name}: has no {shown(wanted)}. {suggest(wanted, fields)}", option)
    found = fields[wanted]
    if isinstance(found, bool) or not isinstance(found, str | int):
        text = f"{name}: {wanted}: found {shown(found)}, expected text or a whole number."
        raise ZooError(text, option)
    return str(found).encode(errors="replace")  # half of a pair of surrogates is no letter
