"""What happens between the steps of a run: log, validate, save, stop."""

import signal
import time
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from zoo.core import folders
from zoo.core.errors import RunError
from zoo.recipe import build
from zoo.recipe.load import Resolved
from zoo.recipe.sections import Training
from zoo.training import checkpoints, report
from zoo.training.evaluate import averaged_weights, evaluate
from zoo.training.learner import Learner
from zoo.training.progress import Bar, figures


class Interrupted(RunError):  # noqa: N818 (it is not an error)
    """Training was asked to stop and did."""

    exit_code = 130


class Spent(NamedTuple):
    """What a run took before it went on from a checkpoint."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of all processors together: what a busy machine does not change much."""


class Watch(keras.callbacks.Callback):
    """Between steps: log, validate, save, and stop when asked to or when the loss is lost."""

    def __init__(
        self,
        recipe: Resolved,
        run: Path,
        text: build.Text,
        settings: Training,
        bar: Bar,
        start: int,
        spent: Spent = Spent(),  # noqa: B008 (it cannot change)
    ):
        super().__init__()
        self.recipe, self.run, self.text, self.settings = recipe, run, text, settings
        self.bar, self.start, self.step, self.logged = bar, start, start, start
        self.spent = spent
        self.log = report.Log(run / "log.csv", start)
        self.best = min((float(r["validation_loss"]) for r in self._validated()), default=np.inf)
        self.validation: dict[str, float] = {}
        self.interrupted = False
        self.tokens = text.tokens() * settings.gradient_accumulation_steps

    def _validated(self) -> list[dict[str, str]]:
        return [row for row in self.log.rows if row.get("validation_loss")]

    def on_train_begin(self, logs=None):
        self.began, self.began_cpu = time.perf_counter(), time.process_time()
        self.clock = self.began
        self.handlers = {s: signal.signal(s, self._stop) for s in (signal.SIGINT, signal.SIGTERM)}

    def on_train_end(self, logs=None):
        for number, handler in self.handlers.items():
            signal.signal(number, handler)

    def _stop(self, number, frame):
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
        self.bar.say("Stopping after this step; once more to stop at once, without saving.")

    def on_train_batch_end(self, batch, logs=None):
        steps, gathering = divmod(batch + 1, self.settings.gradient_accumulation_steps)
        if gathering:
            return
        self.step = self.start + steps
        last = self.step >= self.settings.steps or self.interrupted
        validate = self._due(self.settings.validate_every) or (last and not self.interrupted)
        if validate or last or self._due(self.settings.log_every):
            self._write_line(logs, validate and self.text.validation is not None)
        if last or self._due(self.settings.checkpoint_every):
            self._save()
        if last:
            self.model.stop_training = True

    def _due(self, every: int | None) -> bool:
        """Whether a multiple of `every` was reached by the steps of this execution."""
        return bool(every) and self.step // every > (self.step - self._stride()) // every

    def _stride(self) -> int:
        return min(self.settings.steps_per_execution, self.step - self.start)

    def _write_line(self, logs: Any, validate: bool) -> None:
        loss, now = float(logs["nll"]), time.perf_counter()
        if not np.isfinite(loss):
            self._lost(loss)
        speed = (self.step - self.logged) * self.tokens / max(now - self.clock, 1e-9)
        rate = float(self.model.optimizer.learning_rate)
        corpus = self.text.train
        bits = report.bits_per_byte(loss, len(corpus), corpus.num_bytes)
        found = {"loss": loss} | ({"bits_per_byte": bits} if self.text.batching.counts_all else {})
        self.bar.update(self.step, found, speed)
        values = {
            "step": self.step,
            **found,
            "learning_rate": rate,
            "tokens_per_second": speed,
            "seconds": self._spent().seconds,
        }
        if validate:
            values |= self._validate()
        self.log.write(**values)
        self.model.nll.reset_state()
        self.logged, self.clock = self.step, time.perf_counter()

    def _lost(self, loss: float) -> None:
        kept = checkpoints.steps(self.run)
        first = self.logged + 1
        since = f"step {first}" if first == self.step else f"steps {first} to {self.step}"
        back = f"The last checkpoint is {kept[-1]}." if kept else "No checkpoint was written yet."
        raise RunError(
            f"{self.recipe.name}: the loss became {loss} in {since}. {back} "
            "Try a lower training.schedule.peak, a longer warm-up, or "
            "training.clip_norm."
        )

    def _validate(self) -> dict[str, float]:
        with averaged_weights(self.model):
            found = evaluate(
                self.model,
                self.text.batching,
                self.text.validation,
                self.settings.validation_batches,
            )
            self.validation = found
            loss = found["loss"]
            self.bar.say(f"step {self.step}: validation {figures(found)}")
            if loss < self.best:
                self.best = loss
                checkpoints.save_best(self.run, self.model.task, step=self.step, loss=loss)
        return {f"validation_{name}": found[name] for name in report.MEASURED if name in found}

    def _save(self) -> None:
        facts = {"text": self.text.train.fingerprint(), **self._spent()._asdict()}
        checkpoints.save_step(
            self.run, self.step, self.model, self.settings.keep_checkpoints, **facts
        )
        if self.text.validation is None:
            with averaged_weights(self.model):
                checkpoints.save_best(self.run, self.model.task, step=self.step)

    def _spent(self) -> Spent:
        since = time.perf_counter() - self.began, time.process_time() - self.began_cpu
        return Spent(*(round(sum(pair), 2) for pair in zip(self.spent, since)))

    def finish(self, learner: Learner) -> dict[str, Any]:
        """Write the report, or say how to go on after an interruption."""
        facts = {
            "recipe": self.recipe.name,
            "step": self.step,
            "steps": self.settings.steps,
            "parameters": learner.task.count_params(),
            "training": {"loss": float(self.log.rows[-1]["loss"])} if self.log.rows else {},
            "validation": self.validation | {"best_loss": self.best} if self.validation else {},
            "tokens_seen": self.step * self.tokens,
            **self._spent()._asdict(),
        }
        with folders.readable_errors(self.run):
            report.write(self.run, **facts)
            report.draw(self.run, self.log.rows, self.recipe.name)
        if self.interrupted and self.step < self.settings.steps:
            raise Interrupted(
                f"Stopped after step {self.step} of {self.settings.steps}, all saved. Go on with:\n"
                f"  zoo train {self.run / 'recipe.yaml'} --run {self.run} --resume"
            )
        return facts
