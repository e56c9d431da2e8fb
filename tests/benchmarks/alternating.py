"""Sides that are timed in turns, each in a process of its own that waits while another works."""

import statistics
import subprocess
import sys
import time

TURNS = 7


def turns(burst, steps):
    """Warm up, then answer every line on standard input with the milliseconds a step took."""
    burst(steps)
    print("ready", flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        burst(steps)
        print(1000 * (time.perf_counter() - began) / steps, flush=True)


def compared(commands, against, number=TURNS):
    """Commands that call `turns`, by their sides -> of each side milliseconds a step, median and
    least over a `number` of turns, and their ratio to those of the side it is compared with, turn
    by turn, in a line."""
    found = alternate(commands, number)
    for side, times in found.items():
        ratio = statistics.median(a / b for a, b in zip(times, found[against]))
        yield side, f"{statistics.median(times):>8.1f} {min(times):>7.1f} {ratio:>6.2f}"


def alternate(commands, number=TURNS):
    """Milliseconds a step of every side, turn by turn."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    workers = {
        side: subprocess.Popen(command, text=True, **pipes) for side, command in commands.items()
    }
    for worker in workers.values():
        while (line := worker.stdout.readline()).strip() != "ready":
            if not line:
                sys.exit("a worker died; run it alone to see why")
    found = {name: [] for name in workers}
    for _ in range(number):
        for name, worker in workers.items():
            worker.stdin.write("go\n")
            worker.stdin.flush()
            found[name].append(float(worker.stdout.readline()))
            time.sleep(0.2)
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    return found
