"""What the server does not do, said once for REST and for gRPC."""

import re
from pathlib import Path

from grpc import StatusCode

from zoo.core.checked import ASSERTED

MOST_CHARACTERS = 500

HTTP = {
    StatusCode.OK: 200,
    StatusCode.INVALID_ARGUMENT: 400,
    StatusCode.FAILED_PRECONDITION: 400,
    StatusCode.OUT_OF_RANGE: 400,
    StatusCode.UNAUTHENTICATED: 401,
    StatusCode.PERMISSION_DENIED: 403,
    StatusCode.NOT_FOUND: 404,
    StatusCode.ALREADY_EXISTS: 409,
    StatusCode.ABORTED: 409,
    StatusCode.RESOURCE_EXHAUSTED: 429,
    StatusCode.CANCELLED: 499,
    StatusCode.UNKNOWN: 500,
    StatusCode.INTERNAL: 500,
    StatusCode.DATA_LOSS: 500,
    StatusCode.UNIMPLEMENTED: 501,
    StatusCode.UNAVAILABLE: 503,
    StatusCode.DEADLINE_EXCEEDED: 504,
}

# What TensorFlow wraps around the one line that says what was wrong.
WRAPPING = re.compile(
    r"(Graph execution error:|Detected at node .*|<stack traces unavailable>|Traceback .*"
    r'|File ".*|\d+ root error\(s\) found\.)$'
)
GRAPH = re.compile(r"\s*(\[\[\{\{.*?\}\}.*?\]\]|\[Op:[^\]]*\]|^\(\d+\) [A-Z_ ]+:)\s*")
FILE = re.compile(r"(?<![\w.])/[^\s:;,'\"\])]+|[\w.+@~-]+(?:/[\w.+@~-]+){2,}")


class Refused(Exception):  # noqa: N818 (what happened to a request, on whichever side)
    """A request that gets no answer. Its message is one line that a client reads: no files, no
    folders, no stacks; `cause` takes them out of what libraries say."""

    def __init__(self, code: StatusCode, message: str):
        message = " ".join(message.split())
        if len(message) > MOST_CHARACTERS:
            message = message[: MOST_CHARACTERS - 1] + "…"
        super().__init__(message)
        self.code, self.message = code, message

    @property
    def http_status(self) -> int:
        """The number HTTP has for `code`, as TensorFlow Serving chooses it."""
        return HTTP[self.code]


def cause(wrong: BaseException, folder: Path | None = None) -> str:
    """The line of an error that says what was wrong, without files, `folder` or the graph."""
    text = str(getattr(wrong, "message", None) or wrong)
    if folder is not None:
        text = text.replace(f"{folder}/", "").replace(str(folder), "the folder")
    lines = [GRAPH.sub(" ", line.strip()).strip() for line in text.splitlines()]
    said = (line for line in lines if line and not WRAPPING.match(line))
    line = next(said, type(wrong).__name__)
    asserted = ASSERTED.search(line)
    return FILE.sub("…", asserted[1] if asserted else line)
