"""What a person sees while everything is measured: a bar, or plain lines without a terminal."""

import rich.progress
from rich.console import Console
from rich.markup import escape


class Progress:
    """A context manager over so many measurements."""

    def __init__(self, count: int):
        self.console = Console()
        self.bar = rich.progress.Progress(
            rich.progress.SpinnerColumn(),
            rich.progress.TextColumn("[bold]{task.description}", markup=True),
            rich.progress.BarColumn(),
            rich.progress.MofNCompleteColumn(),
            rich.progress.TimeElapsedColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
            transient=True,
        )
        self.task = self.bar.add_task("", total=count)

    def __enter__(self) -> "Progress":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def begin(self, what: str) -> None:
        self.bar.update(self.task, description=escape(what))

    def end(self, line: str = "") -> None:
        self.bar.advance(self.task)
        if line and self.bar.disable:
            self.console.print(line, highlight=False, markup=False, soft_wrap=True)
