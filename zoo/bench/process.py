"""A measurement in a fresh process, watched: whatever becomes of it is an answer."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CHILD = [sys.executable, "-m", "zoo.bench._child"]
PAUSE = 0.02
"""Seconds between two looks at how much memory a child holds."""


def ask(request: dict[str, Any], memory_limit: int) -> dict[str, Any]:
    """What the child answers, with its `status`: `measured`, `out of memory`, `killed by …` or
    `failed: …`. It is killed when it holds more than `memory_limit` bytes."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            CHILD, stdin=subprocess.PIPE, stdout=out, stderr=said, env=_place()
        )
        try:
            child.stdin.write(json.dumps(request).encode())
            child.stdin.close()
            held = _watched(child, memory_limit)
        except BrokenPipeError:
            held = 0
        finally:
            child.kill()
            code = child.wait()
        if held > memory_limit:
            return {"status": f"out of memory: above {memory_limit / 1e9:.1f} GB"}
        return _answer(code, _text(out), _text(said))


def _place() -> dict[str, str]:
    """The environment of a child: it finds this package wherever the command was started."""
    root = str(Path(__file__).parent.parent.parent)
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, known]))}


def _watched(child: subprocess.Popen, memory_limit: int) -> int:
    """Wait for the child; returns the bytes it held when it ended, or when it held too many."""
    held = 0
    while child.poll() is None and held <= memory_limit:
        held = _held(child.pid)
        time.sleep(PAUSE)
    return held


def _held(process: int) -> int:
    """Bytes a process holds; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _text(file: Any) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _answer(code: int, out: str, said: str) -> dict[str, Any]:
    from zoo.bench._child import OUT_OF_MEMORY

    if code == 0:
        try:
            return json.loads(out.splitlines()[-1])
        except (ValueError, IndexError):
            return {"status": "failed: no answer"}
    if OUT_OF_MEMORY.search(said):
        return {"status": "out of memory"}
    if code < 0:
        return {"status": f"killed by {signal.Signals(-code).name}"}
    lines = [line for line in said.splitlines() if line.strip()]
    return {"status": f"failed: {lines[-1].strip() if lines else f'exit code {code}'}"}
