"""What happened, one JSON object a line, for whoever keeps the server."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

log = logging.getLogger("zoo.serving")
KNOWN = {*vars(logging.makeLogRecord({})), "message", "taskName"}
"""What every record of logging has; the rest are facts that somebody gave."""


def say(event: str, level: int = logging.INFO, trace: bool = False, **facts: Any) -> None:
    """Write a line; `trace` adds the error that is being handled, which no client is shown."""
    log.log(level, event, exc_info=trace, extra=facts)


class JsonLines(logging.Formatter):
    """A record of logging, ours or a library's, as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in KNOWN},
        }
        if record.exc_info and record.exc_info[0]:
            said["trace"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False, default=str)


def start(level: int = logging.INFO) -> None:
    """Send the lines of all libraries to the standard output, one format for all."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    log.setLevel(level)
