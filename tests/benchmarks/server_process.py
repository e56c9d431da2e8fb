"""A server that benchmarks ask."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


class Server:
    """`zoo serve` over so many models in a process of its own, on ports that are free."""

    def __init__(self, folder, *flags, models=1):
        handle, log = tempfile.mkstemp(dir=folder.parent)
        free = ("--rest-port=0", "--grpc-port=0", "--poll-seconds=0.2")
        command = [sys.executable, "-m", "zoo.cli", "serve", str(folder), *flags, *free]
        self.process = subprocess.Popen(command, stdout=handle)
        self.said = Path(log).open()  # noqa: SIM115 (as long as the server lives)
        ports = self.wait_for("listening")
        self.rest, self.grpc = f"http://{ports['rest']}", ports["grpc"]
        for _ in range(models):
            self.wait_for("version serves")

    def wait_for(self, event, seconds=120):
        """The next line of the log that tells of `event`."""
        end, line = time.monotonic() + seconds, ""
        while time.monotonic() < end and self.process.poll() is None:
            line += self.said.readline()
            if not line.endswith("\n"):
                time.sleep(0.05)
            elif (said := json.loads(line))["event"] == event:
                return said
            else:
                line = ""
        return sys.exit(f"zoo serve did not come to {event!r}; run it by itself to see why.")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def memory(self):
        """Bytes of it that are in memory."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
