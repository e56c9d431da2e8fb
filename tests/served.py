"""Small SavedModels made of plain TensorFlow, and one process of `zoo serve` over them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import grpc
import requests
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from zoo.data.decoding import decoded, fitted
from zoo.tokenizers.music_events import MusicEvents

T = tf.TensorSpec
LIMITS = {
    "body-bytes": 1_000_000,
    "text-bytes": 10_000,
    "image-bytes": 20_000,
    "rows": 64,
    "values": 100_000,
    "tokens": 1_000,
    "new-tokens": 50,
    "requests": 8,
    "sessions": 4,
}
SMALL = [f"--max-{name}={most}" for name, most in LIMITS.items()]
SMALL += [
    f"--{name}-seconds={most}" for name, most in (("session", 4), ("request", 3), ("read", 2))
]


class Sentiment(tf.Module):
    """good minus bad, as a probability."""

    @tf.function(input_signature=[T([None], tf.string, "text")])
    def classify(self, text):
        words = tf.strings.split(text)
        good = tf.reduce_sum(tf.cast(words == "good", tf.float32), axis=1)
        bad = tf.reduce_sum(tf.cast(words == "bad", tf.float32), axis=1)
        sure = tf.sigmoid(good - bad)
        labels = tf.where(sure > 0.5, "good", "bad")
        return {"labels": labels, "probabilities": tf.stack([1 - sure, sure], axis=1)}


class Arithmetic(tf.Module):
    """Small functions of every shape and type a client may get wrong."""

    def __init__(self):
        super().__init__()
        self.table = tf.Variable(tf.reshape(tf.range(30.0), [10, 3]))

    @tf.function(input_signature=[T([None], tf.float32, "x"), T([None], tf.float32, "y")])
    def add(self, x, y):
        return {"sum": x + y, "twice": 2 * (x + y)}

    @tf.function(input_signature=[T([None, None], tf.int32, "n")])
    def total(self, n):
        return {"total": tf.reduce_sum(n, axis=1)}

    @tf.function(input_signature=[T([None], tf.int64, "n")])
    def far(self, n):
        return {"n": tf.identity(n)[:, None]}

    @tf.function(input_signature=[T([None, None], tf.int32, "token_ids")])
    def embed(self, token_ids):
        tf.debugging.assert_less_equal(
            tf.shape(token_ids)[1], 16, message="token_ids: the positions of this model end at 16."
        )
        return {"vectors": tf.gather(self.table, token_ids)}

    @tf.function(input_signature=[T([None], tf.float32, "x")])
    def inverse(self, x):
        return {"y": 1.0 / x - 1.0 / x}

    @tf.function(input_signature=[T([], tf.int32, "steps")])
    def slow(self, steps):
        turned = lambda n, x: (n + 1, tf.sin(x))  # noqa: E731
        return {"x": tf.while_loop(lambda n, x: n < steps, turned, (0, 1.0))[1]}

    @tf.function(input_signature=[T([None], tf.bfloat16, "x")])
    def half(self, x):
        return {"y": x * 2}

    def signatures(self):
        names = ("total", "far", "embed", "inverse", "slow", "half")
        return {"serving_default": self.add} | {name: getattr(self, name) for name in names}


class Talker(tf.Module):
    """Writes the letters after the last byte it read, to `z`; remembers how much it has seen."""

    STATE = [T([None], tf.int32, "memory_last"), T([None], tf.int32, "memory_seen")]

    @tf.function(input_signature=[T([], tf.int32, "batch_size")])
    def start(self, batch_size):
        return {
            "memory_last": tf.fill([batch_size], 96),
            "memory_seen": tf.zeros([batch_size], tf.int32),
        }

    @tf.function(input_signature=[T([None], tf.string, "text"), *STATE])
    def read(self, text, memory_last, memory_seen):
        size = tf.strings.length(text)
        last = tf.cast(tf.io.decode_raw(tf.strings.substr(text, -1, 1), tf.uint8), tf.int32)
        last = tf.where(size > 0, last[:, 0], memory_last)
        nats = -tf.cast(memory_seen + size, tf.float32)
        facts = {"log_likelihood": nats, "num_tokens": size, "bits_per_byte": -nats}
        return {**facts, "memory_last": last, "memory_seen": memory_seen + size}

    @tf.function(
        input_signature=[
            *[T([None], tf.int32, name) for name in ("max_new_tokens", "top_k", "seed", "first")],
            *[T([None], tf.float32, name) for name in ("temperature", "top_p")],
            *STATE,
        ]
    )
    def write(
        self, max_new_tokens, top_k, seed, first, temperature, top_p, memory_last, memory_seen
    ):
        count = tf.clip_by_value(122 - memory_last, 0, max_new_tokens)
        letters = "abcdefghijklmnopqrstuvwxyz"
        text = tf.strings.substr(tf.fill(tf.shape(count), letters), memory_last - 96, count)
        nats = -tf.cast(first + count, tf.float32)
        return {
            "text": text,
            "num_tokens": count,
            "log_likelihood": nats,
            "finished": count < max_new_tokens,
            "memory_last": memory_last + count,
            "memory_seen": memory_seen + count,
        }

    def signatures(self):
        return {"start": self.start, "read": self.read, "write": self.write}


class Hostile(tf.Module):
    """Classes and texts that a page must not take for its own; words look at their neighbours."""

    MARK = "<img src=x onerror=document.title='taken'>"

    @tf.function(input_signature=[T([None], tf.string, "text")])
    def classify(self, text):
        number = tf.shape(text)[0]
        found = {"labels": [self.MARK, "plain"], "probabilities": [0.75, 0.25]}
        return {name: tf.tile(tf.constant([x]), [number, 1]) for name, x in found.items()}

    @tf.function(
        input_signature=[T([None], tf.string, "text")]
        + [T([None], tf.int32, name) for name in ("layer", "head")]
    )
    def attend(self, text, layer, head):
        tokens = tf.strings.split(text).to_tensor()
        place, number = tf.range(tf.shape(tokens)[1]), tf.shape(text)[0]
        near = tf.abs(place[:, None] - place) <= 1 + layer[0]
        weights = tf.cast(near, tf.float32) * tf.exp(-tf.cast(place, tf.float32))
        weights /= tf.reduce_sum(weights, 1, keepdims=True)
        return {
            "tokens": tokens,
            "weights": tf.tile(weights[None], [number, 1, 1]),
            "seen": tf.tile(near[None], [number, 1, 1]),
            "num_heads": tf.tile([[2, 3]], [number, 1]),
        }

    @tf.function(input_signature=[T([], tf.int32, "batch_size")])
    def start(self, batch_size):
        return {"memory_seen": tf.zeros([batch_size], tf.int32)}

    @tf.function(input_signature=[T([None], tf.string, "text"), T([None], tf.int32, "memory_seen")])
    def read(self, text, memory_seen):
        size = tf.strings.length(text)
        return {"num_tokens": size, "memory_seen": memory_seen + size}

    @tf.function(input_signature=[T([None], tf.int32, "memory_seen")])
    def write(self, memory_seen):
        """One token, slowly, and so on without end."""
        turned = lambda n, x: (n + 1, tf.sin(x))  # noqa: E731
        _, turns = tf.while_loop(
            lambda n, x: n < 3000, turned, (0, tf.cast(memory_seen, tf.float32))
        )
        one = tf.ones_like(memory_seen)
        return {
            "text": tf.fill(tf.shape(memory_seen), self.MARK),
            "num_tokens": one,
            "log_likelihood": turns * 0 - 1.0,
            "finished": one < 0,
            "memory_seen": memory_seen + one,
        }

    def signatures(self):
        names = ("classify", "attend", "start", "read", "write")
        return {name: getattr(self, name) for name in names}


def constants(**found):
    return {name: tf.convert_to_tensor(x) for name, x in found.items()}


class Heads(tf.Module):
    """Always the same answers, in the form of those of models with heads."""

    PASSAGE, TEXT = "She saw him. He SAW her.", [T([None], tf.string, "text")]
    WORDS, FOUND = [["a", "<b>", ""]], [[0.5, 0.25, 0.0]]

    @tf.function(input_signature=TEXT)
    def tokenize(self, text):
        words = tf.strings.split(text)
        sizes = tf.cast(words.row_lengths(), tf.int32)
        return {"num_tokens": sizes, "token_ids": tf.strings.length(words.to_tensor())}

    @tf.function(input_signature=[T([None], tf.string, name) for name in ("context", "question")])
    def answer(self, context, question):
        """The second `saw`, before which stand four words."""
        return constants(text=["saw"], start=[4], end=[4], probability=[0.5])

    @tf.function(input_signature=TEXT)
    def fill(self, text):
        return constants(tokens=[self.WORDS], probabilities=[self.FOUND])

    @tf.function(input_signature=TEXT)
    def tag(self, text):
        labels = [["x", "<i>", ""]]
        return constants(tokens=self.WORDS, labels=labels, probabilities=self.FOUND)

    @tf.function(input_signature=TEXT)
    def translate(self, text):
        return {"text": tf.strings.upper(text), "score": -0.5 * tf.ones(tf.shape(text))}

    @tf.function(input_signature=TEXT)
    def embed(self, text):
        sizes = tf.cast(tf.strings.length(text), tf.float32)
        return {"embedding": tf.stack([sizes, 3.0 * tf.ones_like(sizes)], axis=1)}

    @tf.function(input_signature=TEXT)
    def score(self, text):
        nats = -2.0 * tf.ones(tf.shape(text))
        return constants(log_likelihood=nats, num_tokens=[7], bits_per_byte=nats / -8)

    def signatures(self):
        names = ("tokenize", "answer", "fill", "tag", "translate", "embed", "score")
        return {name: getattr(self, name) for name in names}


class Sight(tf.Module):
    """Tells dark pictures from bright ones; of 2 × 3 places, all look at the brightest."""

    GRID, FILES = (2, 3), T([None], tf.string, "image")

    def see(self, files):
        """Shares of brightness, float32 `b t`, and the mean."""
        look = lambda one: fitted(decoded(one, 1, "image[…]"), *self.GRID)  # noqa: E731
        size = T([*self.GRID, 1], tf.float32)
        seen = tf.reshape(tf.map_fn(look, files, fn_output_signature=size), [-1, 6])
        total = tf.reduce_sum(seen, axis=1, keepdims=True)
        return seen / (total + 1e-3), total[:, 0] / (6 * 255)

    @tf.function(input_signature=[FILES], autograph=False)
    def classify(self, image):
        _, bright = self.see(image)
        labels = tf.tile([["<b>right", "dark"]], [tf.shape(image)[0], 1])
        return {"labels": labels, "probabilities": tf.stack([bright, 1 - bright], axis=1)}

    @tf.function(
        input_signature=[FILES] + [T([None], tf.int32, name) for name in ("layer", "head")],
        autograph=False,
    )
    def attend(self, image, layer, head):
        shares, _ = self.see(image)
        behind = tf.pad(shares, [[0, 0], [1, 0]])  # a token stands before the places
        weights = tf.tile(behind[:, None], [1, 7, 1])
        sizes = [tf.fill(tf.shape(image), size) for size in self.GRID]
        numbers = tf.tile([[2, 3]], [tf.shape(image)[0], 1])
        table = {"weights": weights, "seen": weights >= 0, "num_heads": numbers}
        return {**table, "height": sizes[0], "width": sizes[1]}

    @tf.function(input_signature=[FILES], autograph=False)
    def detect(self, image):
        """Always the same: the left half, surely, and all of it, hardly."""
        found = {
            "labels": ["<b>left", "all"],
            "scores": [0.75, 0.25],
            "boxes": [[0.0, 0.0, 0.5, 1.0], [0.0, 0.0, 1.0, 1.0]],
        }
        number = tf.shape(image)[0]
        return {key: tf.repeat(tf.constant(x)[None], number, axis=0) for key, x in found.items()}

    def signatures(self):
        return {name: getattr(self, name) for name in ("classify", "attend", "detect")}


class Player(tf.Module):
    """Holds the last note of whatever it is given for a second more, an octave higher."""

    OPTIONS = (("max_new_tokens", tf.int32), ("temperature", tf.float32), ("top_k", tf.int32))
    TAKES = [T([None], tf.string, "midi")]
    TAKES += [T([None], of, name) for name, of in (*OPTIONS, ("top_p", tf.float32))]
    TAKES += [T([None], tf.int32, "seed")]
    NEW = [72, 355, 200]  # on, a second, off

    @tf.function(input_signature=TAKES, autograph=False)
    def play_on(self, midi, max_new_tokens, temperature, top_k, top_p, seed):
        music = MusicEvents()
        read = music.tokenize(midi)
        new = tf.RaggedTensor.from_tensor(tf.tile([self.NEW], [tf.shape(midi)[0], 1]))
        end = music.end_token_id
        return {
            "midi_bytes": music.detokenize(tf.concat([read, new], axis=1).to_tensor(end)),
            "primer_seconds": music.seconds(read.to_tensor(end)),
            **constants(num_new_tokens=[3], log_likelihood=[-1.5]),
        }


class Brush(tf.Module):
    """Makes pictures of 4 × 3 places, one row as bright as its number; those known are red."""

    HEIGHT, WIDTH = 4, 3
    STATE = [T([None], tf.int32, "memory_place"), T([None], tf.int32, "memory_known")]

    @tf.function(
        input_signature=[T([None], tf.string, name) for name in ("image", "label")]
        + [T([None], tf.int32, "rows")]
    )
    def start(self, image, label, rows):
        check = tf.debugging.Assert(tf.reduce_all(label != "x"), ["label[0]: expected <b>a."])
        with tf.control_dependencies([check]):
            return {"memory_place": tf.zeros_like(rows), "memory_known": tf.identity(rows)}

    @tf.function(
        input_signature=[T([None], tf.int32, name) for name in ("num_rows", "top_k", "seed")]
        + [T([None], tf.float32, name) for name in ("temperature", "top_p")]
        + STATE
    )
    def write(self, num_rows, top_k, seed, temperature, top_p, memory_place, memory_known):
        place = tf.minimum(memory_place + tf.minimum(num_rows, self.HEIGHT), self.HEIGHT)
        rows = tf.range(self.HEIGHT)
        known, there = rows < memory_known[0], rows < tf.maximum(place, memory_known)[0]
        red = tf.where(known, 255, 40 * rows)
        other = tf.where(known, 0, 40 * rows)
        pixels = tf.stack([red, other, other, tf.where(there, 255, 0)], axis=-1)
        wide = tf.tile(tf.cast(pixels, tf.uint8)[:, None], [1, self.WIDTH, 1])
        done = place >= self.HEIGHT
        memory = {"memory_place": place, "memory_known": tf.identity(memory_known)}
        return {"image_bytes": tf.io.encode_png(wide)[None], "finished": done, **memory}

    def signatures(self):
        return {"start": self.start, "write": self.write}


def save(module, folder, signatures):
    tf.saved_model.save(module, str(folder), signatures=signatures)


def save_all(folder):
    """folder/{sentiment,arithmetic,talker,hostile,heads,player,sight,brush}/1, and moving/1, whose
    versions tests may change."""
    sentiment, arithmetic, talker, hostile = Sentiment(), Arithmetic(), Talker(), Hostile()
    save(sentiment, folder / "sentiment" / "1", {"serving_default": sentiment.classify})
    warm_up(folder / "sentiment" / "1", text=["good", "a longer text"])
    save(arithmetic, folder / "arithmetic" / "1", arithmetic.signatures())
    save(talker, folder / "talker" / "1", talker.signatures())
    save(hostile, folder / "hostile" / "1", hostile.signatures())
    heads, sight, brush = Heads(), Sight(), Brush()
    save(heads, folder / "heads" / "1", heads.signatures())
    player = Player()
    save(player, folder / "player" / "1", {"continue": player.play_on})
    save(sight, folder / "sight" / "1", sight.signatures())
    save(brush, folder / "brush" / "1", brush.signatures())
    shutil.copytree(folder / "sentiment", folder / "moving")
    return folder


def warm_up(folder, **inputs):
    """Put a request beside a SavedModel that a server asks before anybody else does."""
    log = prediction_log_pb2.PredictionLog()
    for name, value in inputs.items():
        log.predict_log.request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    (folder / "assets.extra").mkdir()
    with tf.io.TFRecordWriter(str(folder / "assets.extra" / "tf_serving_warmup_requests")) as file:
        file.write(log.SerializeToString())


class Live:
    """A process of `zoo serve`: its ports, what it logs, and how to ask it."""

    def __init__(self, folder, *arguments, scheme="http", verify=None, headers=None, **environment):
        self.folder, arguments = folder, (folder, *arguments)
        command = [sys.executable, "-m", "zoo.cli", "serve", *map(str, arguments)]
        command += ["--rest-port", "0", "--grpc-port", "0", "--poll-seconds", "0.1"]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self.lines, self.errors, self.headers, self.verify = [], [], headers or {}, verify
        for stream, lines in (("stdout", self.lines), ("stderr", self.errors)):
            reader = getattr(self.process, stream)
            threading.Thread(target=lines.extend, args=[reader], daemon=True).start()
        ports = self.wait_for("listening")
        self.url, self.grpc = f"{scheme}://{ports['rest']}", ports["grpc"]
        self.port = int(ports["rest"].rpartition(":")[2])

    def logged(self, event=None):
        """The lines of its log, all JSON."""
        found = [json.loads(line) for line in self.lines]
        return [line for line in found if event in (None, line["event"])]

    def wait_for(self, event, seconds=60):
        return wait(lambda: next(iter(self.logged(event)), None), seconds, lambda: self.errors)

    def ready(self):
        wait(lambda: self.get("/health").status_code == 200, 60, lambda: self.errors)
        return self

    def warm(self):
        """The same when each of the small models has answered once, which takes longer."""
        body = {"instances": [{"x": 1, "y": 2}]}
        wait(lambda: self.predict("arithmetic", body).status_code == 200)
        wait(lambda: self.post("/v1/models/talker:generate", b'{"text": "a"}').status_code == 200)
        return self

    def get(self, path, **options):
        return self._ask("GET", path, **options)

    def post(self, path, body=None, **options):
        data = body if isinstance(body, bytes | type(None)) else json.dumps(body)
        return self._ask("POST", path, data=data, **options)

    def _ask(self, verb, path, **options):
        options = {"timeout": 30, "verify": self.verify, "headers": self.headers} | options
        return requests.request(verb, self.url + path, **options)

    def predict(self, model, body, **options):
        return self.post(f"/v1/models/{model}:predict", body, **options)

    def channel(self):
        return grpc.insecure_channel(self.grpc)

    def memory(self):
        """Bytes of it that are in memory."""
        with open(f"/proc/{self.process.pid}/statm") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def end(self, number=signal.SIGTERM, seconds=60):
        """Its exit code after a signal."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def __enter__(self):
        return self.ready()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)


def wait(found, seconds=20, told=lambda: ""):
    """What `found` gives as soon as it gives anything."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} seconds in vain. {told()}")
