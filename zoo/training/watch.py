"""What happens between the steps of a run: log, validate, save, stop."""

import math
import signal
import time
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from zoo.core import folders
from zoo.core.behind import Behind
from zoo.core.errors import RunError
from zoo.core.machine import BEGAN
from zoo.recipe import build
from zoo.recipe.load import Resolved
from zoo.recipe.sections import Training
from zoo.training import checkpoints, lost, report
from zoo.training.distribution import Distribution
from zoo.training.evaluate import averaged_weights, evaluate
from zoo.training.guarded import innermost
from zoo.training.learner import Learner
from zoo.training.progress import Bar, figures


class Interrupted(RunError):  # noqa: N818 (it is not an error)
    """Training was asked to stop and did."""

    exit_code = 130


class Before(NamedTuple):
    """What a run had come to when it goes on from a checkpoint."""

    step: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of all processors together: what a busy machine does not change much."""
    best: float = math.inf
    """The least validation loss."""
    validation: dict[str, float] = {}
    """What the last one found."""
    waited: int = 0
    """How many validations in a row have found no lower loss."""

    @classmethod
    def of(cls, facts: dict[str, Any]) -> "Before":
        return cls(**{name: facts[name] for name in cls._fields if facts.get(name) is not None})


class Watch(keras.callbacks.Callback):
    """Between steps: log, validate, save, and stop when asked to or when the loss is lost."""

    def __init__(
        self,
        recipe: Resolved,
        run: Path,
        text: build.Text,
        settings: Training,
        bar: Bar,
        before: Before,
        across: Distribution,
        behind: Behind,
    ):
        super().__init__()
        self.recipe, self.run, self.text, self.settings = recipe, run, text, settings
        self.bar, self.before, self.start, self.across = bar, before, before.step, across
        self.behind = behind
        self.step = self.logged = self.start
        self.log = report.Log(run / "log.csv", self.start)
        self.best = before.best
        self.validation, self.waited = before.validation, before.waited
        self.began, self.began_cpu = time.perf_counter(), time.process_time()
        self.asked = self.interrupted = False
        self.first_step: float | None = None
        """Seconds from the command to the end of its first step."""
        self.gathered = settings.gradient_accumulation_steps
        self.tokens = text.tokens() * self.gathered
        self.weights: list[Any] = []
        """As they were before the step that is about to be logged."""

    def on_train_begin(self, logs=None):
        self.began, self.began_cpu = time.perf_counter(), time.process_time()
        self.clock = self.began
        self.handlers = {s: signal.signal(s, self._stop) for s in (signal.SIGINT, signal.SIGTERM)}

    def on_train_end(self, logs=None):
        for number, handler in self.handlers.items():
            signal.signal(number, handler)

    def _stop(self, number, frame):
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self.bar.say("Stopping after this step; once more to stop at once, without saving.")

    def on_train_batch_begin(self, batch, logs=None):
        """Keep the weights, to tell how they move, where a line is due behind what comes now."""
        at_once = self.settings.steps_per_execution
        ends = batch + (at_once * self.gathered if at_once > 1 else 1)
        step, gathering = divmod(ends, self.gathered)
        if not gathering and (self.start + step) % self.settings.log_every < at_once:
            self.weights = [ops.copy(v) for v in self.model.trainable_variables]

    def on_train_batch_end(self, batch, logs=None):
        steps, gathering = divmod(batch + 1, self.gathered)
        self.behind.look()
        if gathering:
            return
        self.step = self.start + steps
        if self.first_step is None:
            self.first_step = round(time.perf_counter() - BEGAN, 2)
            self.bar.say(f"The first step ended {self.first_step:.1f} s after the command.")
        self.interrupted = self.across.agreed(self.asked)
        last = self.step >= self.settings.steps or self.interrupted
        validate = self._due(self.settings.validate_every) or (last and not self.interrupted)
        write = validate or last or self._due(self.settings.log_every)
        save = last or self._due(self.settings.checkpoint_every)
        if write or save:
            self._require_found(float(logs["nll"]))
        if validate or save:
            self.behind.wait()  # copies of one moment at a time are held
        if write:
            self._write_line(logs, validate and self.text.validation is not None)
        last = last or self.tired()
        if save or last:
            self._save()
        if last:
            self.model.stop_training = True

    def tired(self) -> bool:
        """Whether enough validations have found no lower loss."""
        patience = self.settings.patience
        return patience is not None and self.waited >= patience

    def _due(self, every: int | None) -> bool:
        """Whether a multiple of `every` was reached by the steps of this execution."""
        return bool(every) and self.step // every > (self.step - self._stride()) // every

    def _stride(self) -> int:
        return min(self.settings.steps_per_execution, self.step - self.start)

    def _write_line(self, logs: Any, validate: bool) -> None:
        loss, now = float(logs["nll"]), time.perf_counter()
        speed = (self.step - self.logged) * self.tokens / max(now - self.clock, 1e-9)
        rate = float(self.model.optimizer.learning_rate)
        found = {"loss": loss} | self.text.batching.bits(loss, self.text.train)
        gauges = {gauge.name: float(gauge.result()) for gauge in self.model.gauges}
        self.bar.update(self.step, found | gauges, speed)
        values = {
            "step": self.step,
            **found,
            **gauges,
            "learning_rate": rate,
            "gradient_norm": float(innermost(self.model.optimizer).gradient_norm.numpy()),
            **self._moved(),
            "tokens_per_second": speed,
            "seconds": self._spent()["seconds"],
        }
        if validate:
            values |= self._validate()
        self.log.write(**values)
        for metric in (self.model.nll, *self.model.gauges):
            metric.reset_state()
        self.logged, self.clock = self.step, time.perf_counter()

    def _require_found(self, loss: float) -> None:
        """Raises RunError where a loss or a gradient since the last line was not finite."""
        optimizer = innermost(self.model.optimizer)
        batch = int(optimizer.lost.numpy())
        if batch < 0 and np.isfinite(loss):
            return
        self.behind.wait()
        kept = checkpoints.steps(self.run)
        back = f"The last checkpoint is {kept[-1]}." if kept else "No checkpoint was written yet."
        what = "a gradient was not finite" if np.isfinite(loss) else f"the loss became {loss}"
        where, again = f"in steps {self.logged + 1} to {self.step}", ""
        if batch >= 0:
            where, again = self._look(batch)
        raise RunError(
            f"{self.recipe.name}: {what} {where}. {back} "
            f"Try a lower training.schedule.peak, a longer warm-up, or training.clip_norm.{again}"
        )

    def _look(self, number: int) -> tuple[str, str]:
        """Keep what it takes to look at a batch again; say what is seen there, and how to."""
        batch, step = self.text.batching.batch(self.text.train, number), number // self.gathered + 1
        folder = lost.keep(self.run, self.model, batch, step=step, number=number)
        seen = lost.look(self.model, batch).said()
        alone = " training.distribution=null" if self.settings.distribution else ""
        again = f"\nLook again with: zoo check {self.run / 'recipe.yaml'}{alone} --replay {folder}"
        return f"in step {step}, batch {number}: {seen}", again if self.across.is_chief else ""

    def _moved(self) -> dict[str, float]:
        """How far the last step moved all weights, as a share of their length."""
        if not self.weights:
            return {}
        before, self.weights = self.weights, []
        pairs = zip(before, self.model.trainable_variables)
        far = sum(float(ops.sum(ops.square(ops.cast(v - w, "float32")))) for w, v in pairs)
        long = sum(float(ops.sum(ops.square(ops.cast(w, "float32")))) for w in before)
        return {"update_ratio": math.sqrt(far / max(long, 1e-30))}

    def _validate(self) -> dict[str, float]:
        with averaged_weights(self.model):
            found = evaluate(
                self.model,
                self.text.batching,
                self.text.validation,
                self.settings.validation_batches,
                self.across,
            )
            self.validation = found
            loss = found["loss"]
            self.bar.say(f"step {self.step}: validation {figures(found)}")
            self.waited = 0 if loss < self.best else self.waited + 1
            if loss < self.best:
                self.best = loss
                self._save_best(loss=loss)
        return {f"validation_{name}": found[name] for name in report.MEASURED if name in found}

    def _save_best(self, **facts: Any) -> None:
        """The weights as they are now, written while the next steps are computed."""
        run, task, facts = self.run, self.model.task, {"step": self.step, **facts}
        with self.across.whole(task.weights):
            weights = [weight.numpy() for weight in task.weights]
        self.behind.do(lambda: checkpoints.save_best(run, checkpoints.twin(task, weights), **facts))

    def _save(self) -> None:
        """Everything as it is now, written behind the best weights, which it tells of."""
        if self.text.validation is None:  # before the step: who goes on from that has these
            with averaged_weights(self.model):
                self._save_best()
        spent = self._spent()
        with self.across.whole(checkpoints.variables(self.model).values()):
            held = checkpoints.state(self.model)
        best = self.best if np.isfinite(self.best) else None
        train = self.text.train
        facts = {
            "text": train.fingerprint(),
            "tokenizer": train.tokenizer.fingerprint(),
            "best": best,
            "validation": self.validation,
            "waited": self.waited,
        }
        run, step, kept, facts = self.run, self.step, self.settings.keep_checkpoints, facts | spent
        checkpoints.require_finite(run, step, held)
        self.behind.do(lambda: checkpoints.write_step(run, step, held, kept, **facts))

    def _spent(self) -> dict[str, float]:
        seconds = self.before.seconds + time.perf_counter() - self.began
        cpu_seconds = self.before.cpu_seconds + time.process_time() - self.began_cpu
        return {"seconds": round(seconds, 2), "cpu_seconds": round(cpu_seconds, 2)}

    def finish(self, learner: Learner) -> dict[str, Any]:
        """Write the report, or say how to go on after an interruption."""
        facts = {
            "recipe": self.recipe.name,
            "step": self.step,
            "steps": self.settings.steps,
            "stopped_early": self.tired(),
            "parameters": learner.task.count_params(),
            "training": {"loss": float(self.log.rows[-1]["loss"])} if self.log.rows else {},
            "validation": self.validation | {"best_loss": self.best} if self.validation else {},
            "tokens_seen": self.step * self.tokens,
            **self._spent(),
            "first_step_seconds": self.first_step,
        }
        with folders.readable_errors(self.run):
            report.write(self.run, **facts)
            report.draw(self.run, self.log.rows, self.recipe.name)
        if self.interrupted and self.step < self.settings.steps and not self.tired():
            on = f"Go on with:\n  zoo train {self.run / 'recipe.yaml'} --run {self.run} --resume"
            on = on if self.across.is_chief else "Go on as the chief says."
            text = f"Stopped after step {self.step} of {self.settings.steps}, all saved. {on}"
            raise Interrupted(text)
        return facts
