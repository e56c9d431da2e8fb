"""What a person sees while training: a bar with loss, speed and time left, or plain lines."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

PLAIN_EVERY = 20
"""Without a terminal one line is printed for this share of the run (a twentieth)."""


class Bar:
    """A context manager; `update` moves it, `say` prints a line above it."""

    def __init__(self, title: str, steps: int, start: int = 0):
        self.console = Console()
        self.steps, self.printed = steps, start
        self.bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task(title, total=steps, completed=start, figures="starting")

    def __enter__(self) -> "Bar":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def update(self, step: int, found: dict[str, float], tokens_per_second: float) -> None:
        text = f"{figures(found)}, {_short(tokens_per_second)} tokens/s"
        self.bar.update(self.task, completed=step, figures=text)
        due = step - self.printed >= max(1, self.steps // PLAIN_EVERY) or step == self.steps
        if self.bar.disable and due:
            self.printed = step
            self.say(f"step {step}/{self.steps}  {text}")

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)


def figures(found: dict[str, float]) -> str:
    """How well tokens were predicted, `loss 1.2345, 1.781 bits/byte`, or how often rightly; or what
    is left of pictures."""
    words = [f"loss {found['loss']:.4f}"]
    if "bits_per_byte" in found:
        words.append(f"{found['bits_per_byte']:.3f} bits/byte")
    elif "bits_per_dim" in found:
        words.append(f"{found['bits_per_dim']:.3f} bits/dim")
    elif "psnr" in found:
        words.append(f"PSNR {found['psnr']:.2f} dB, {100 * found['code_usage']:.0f} % of codes")
    elif "accuracy" in found:
        words.append(f"{100 * found['accuracy']:.1f} % right")
    return ", ".join(words)


def _short(number: float) -> str:
    return f"{number / 1000:.1f}k" if number >= 1000 else f"{number:.0f}"
