"""What a SavedModel can be asked: named tensors in, a flat dict out, the number of rows free.

Plain TensorFlow graphs without XLA, as stock TensorFlow Serving wants them. A kind is a file:
`score.py` is the signature `score`. Those that read text stand in a SavedModel twice: `score` takes
`text`, string `b`, and `score_ids` the tensors `token_ids`, int32 `b t`, and `num_tokens`, int32
`b`. Where the one answers with text, the other answers with these two. So do those that look at
pictures: `classify` takes `image`, string `b`, files of any size, and `classify_pixels` takes
`pixels`, uint8 `b y x c`. Of models of music they read `midi`, string `b`, files of MIDI.
Files of pictures that are answers are called `image_bytes`: what ends so TensorFlow Serving writes
as base64 in JSON.
"""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.core.checked import checked
from zoo.core.kinds import Kind, to_config
from zoo.data.batching import Batching
from zoo.data.batching._painted import Painted
from zoo.generation.search import Search
from zoo.serving.signatures._images import Drawn, Images, looked_at, part, resized
from zoo.tokenizers import Frame, Tokenizer
from zoo.tokenizers._music import Music

Tensors = dict[str, Any]
Specs = list[tf.TensorSpec]
Endpoint = tuple[Callable[..., Tensors], Specs]
"""A function, and the tensors it takes, in order."""
SEEN = ("images", "encoder_images")
"""What the pictures are called that a task looks at."""
ALONE = ("text", "midi", "midi_bytes")
"""What is called by nothing else where token ids stand for it."""


class Served(NamedTuple):
    """What is exported."""

    task: Any
    tokenizer: Tokenizer
    batching: Batching | None = None
    """How it was trained to read; None for a model that was not trained by a recipe."""
    search: Search | None = None
    """How its answers are found, where its recipe says so."""

    @property
    def picture(self) -> tuple[int, int, int] | None:
        """Rows, columns and channels of the pictures it looks at, or is given to go on from; None
        for one that reads texts."""
        if self.painted:
            *sides, channels = self.painted.size
            height, width = (side // (self.painted.factor or 1) for side in sides)
            return height, width, channels
        sees = [x for name, x in self.task.input.items() if name in SEEN]
        return tuple(sees[0].shape[1:]) if sees else None

    @property
    def graph(self) -> bool:
        """Whether what it is told of are the nodes and edges of graphs."""
        return "edges" in self.task.input

    @property
    def music(self) -> bool:
        """Whether what it reads are pieces of music."""
        return isinstance(self.tokenizer, Music)

    @property
    def painted(self) -> Painted | None:
        """How the pictures are cut that it writes; None for one that writes none."""
        return self.batching if isinstance(self.batching, Painted) else None

    def frame(self) -> Frame:
        """How an encoder reads a text."""
        return (self.batching or Batching()).frame(self.tokenizer)


class Texts(NamedTuple):
    """Texts, or pieces of music, as a signature is given them, or as it answers with them."""

    tokens: tf.RaggedTensor
    """int32 `b (t)`"""
    num_bytes: Any = None
    """int32 `b`, of texts that are given as text."""
    continues: Any = False
    """bool, or bool `b`: whether another text stands before it."""


class Signature(Kind):
    """The contract of every signature. Options of its constructor are written in a recipe."""

    shelf = "serving/signatures"
    tasks: ClassVar[tuple[str, ...]]
    """The kinds of task that answer it."""
    pictures: ClassVar["type[Signature] | None"] = None
    """What answers under its name for models that write pictures."""
    texts: ClassVar[tuple[str, ...]] = ()
    """The names of the texts it reads."""
    images: ClassVar[tuple[str, ...]] = ()
    """The names of the pictures it looks at, of a model that sees."""
    music: ClassVar[tuple[str, ...]] = ()
    """The names of the files of MIDI it reads, of a model of music."""
    streams: ClassVar[bool] = False
    """Whether it hands a memory on."""
    by_ids: ClassVar[bool] = True
    """Whether it can be asked with token ids in place of texts."""
    first: ClassVar[bool] = False
    """Whether it is what a person would ask first."""
    by_default: ClassVar[bool] = True
    """Whether it is exported where a recipe names none."""
    numbers: ClassVar[bool] = False
    """Whether it takes and gives numbers alone, so that formats without texts can hold it."""

    def of(self, model: Served) -> "Signature | None":
        """What answers under its name for a model; None where nothing does."""
        found = (self.pictures and self.pictures()) if model.painted else self
        return found if found and found.fits(model) else None

    def fits(self, model: Served) -> bool:
        """Whether a model can be asked it."""
        return to_config(model.task)["kind"] in self.tasks

    def refuses(self, model: Served) -> str:
        """Why it is not exported of a model where a recipe names none; empty when it is."""
        return self.unasked(model)

    def unasked(self, model: Served) -> str:
        """Why nobody can ask it of a model; empty when one can."""
        if self.reads(model) or not (self.texts or self.images or self.music):
            return ""
        found = "music" if model.music else "pictures" if model.picture else "texts"
        return f"found a model of {found}, and of these it reads none"

    def takes(self, model: Served) -> Specs:
        """The tensors it takes beside texts or pictures. Raises ZooError for a model that cannot
        answer."""
        return []

    def answer(self, model: Served, **given: Any) -> Tensors:
        """The tensors and `Texts` or `Images` it takes -> tensors, `Texts` and `Drawn`, by their
        names."""
        raise NotImplementedError

    def example(self, text: str) -> str:
        """A text that it can answer, made of another."""
        return text

    def example_options(self, model: Served) -> dict[str, np.ndarray]:
        """What may be told it beside one text."""
        return {}

    def examples(self, model: Served) -> list[dict[str, np.ndarray]]:
        """What it may be asked that reads neither texts nor pictures: tensors in the order in which
        it takes them."""
        return []

    def length(self, model: Served, name: str) -> int:
        """How many tokens the rows of an input have where a format has to know."""
        return 1

    def reads(self, model: Served) -> tuple[str, ...]:
        """The names of the texts, or of the pictures, that it is asked about."""
        if model.music:
            return self.music
        return self.images if model.picture else self.texts

    def sees(self, model: Served) -> tuple[int, int, int]:
        """Rows, columns and channels of the pictures that it is given."""
        return model.picture or (1, 1, 1)

    def read(self, model: Served, given: tf.Tensor) -> Texts | Images:
        """string `b` -> what `answer` is given of it."""
        if model.picture:
            return looked_at(model, given, self.sees(model))
        size = None if model.music else tf.strings.length(given)  # which says nothing of music
        return Texts(model.tokenizer.tokenize(given), size)


def strings_in(signature: Signature, model: Served) -> Endpoint:
    """The function of a signature that reads text or files of pictures and writes text, and the
    tensors it takes."""
    names = signature.reads(model)
    specs = [spec(tf.string, [None], name) for name in names]

    def answer(**given: Any) -> Tensors:
        read = {name: signature.read(model, given.pop(name)) for name in names}
        found = signature.answer(model, **read, **given)
        return dict(_as_files(name, x, model) for name, x in found.items())

    return _by_place(answer, [*specs, *signature.takes(model)])


def pixels_in(signature: Signature, model: Served) -> Endpoint:
    """The same with the pixels of pictures, all of one size, in place of their files."""
    (name,), size = signature.images, signature.sees(model)

    def answer(pixels: tf.Tensor, **given: Any) -> Tensors:
        sizes = tf.tile(tf.shape(pixels)[None, 1:3], [tf.shape(pixels)[0], 1])
        seen = Images(resized(model, pixels, size), part(model, sizes, size))
        found = signature.answer(model, **{name: seen}, **given)
        return dict(_as_pixels(name, x, model) for name, x in found.items())

    specs = [spec(tf.uint8, [None, None, None, size[-1]], "pixels")]
    return _by_place(answer, [*specs, *signature.takes(model)])


def ids_in(signature: Signature, model: Served) -> Endpoint:
    """The same with token ids in place of texts."""
    specs, names = [], signature.reads(model)
    for name in names:
        ids, number = named(name)
        specs += [spec(tf.int32, [None, None], ids), spec(tf.int32, [None], number)]

    def answer(**given: Any) -> Tensors:
        for name in names:
            ids, number = named(name)
            message = f"{number}: expected 0 to as many as there are places for."
            fits = tf.reduce_all((given[number] >= 0) & (given[number] <= tf.shape(given[ids])[1]))
            rows = checked(known(given.pop(ids), model), fits, message)
            given[name] = Texts(tf.RaggedTensor.from_tensor(rows, lengths=given.pop(number)))
        found = signature.answer(model, **given)
        texts = {name: x for name, x in found.items() if isinstance(x, Texts)}
        for name, x in texts.items():
            del found[name]
            ids, number = named(name)
            found[ids] = x.tokens.to_tensor(model.tokenizer.end_token_id)
            found[number] = tf.cast(x.tokens.row_lengths(), tf.int32)
        return found

    return _by_place(answer, [*specs, *signature.takes(model)])


def _as_files(name: str, found: Any, model: Served) -> tuple[str, Any]:
    """What is answered, as text and files."""
    if isinstance(found, Drawn):
        written = tf.map_fn(tf.io.encode_png, found.pixels, fn_output_signature=tf.string)
        return f"{name}_bytes", written
    return name, _text(found, model) if isinstance(found, Texts) else found


def _as_pixels(name: str, found: Any, model: Served) -> tuple[str, Any]:
    """What is answered, as text and pixels."""
    if isinstance(found, Drawn):
        return "pixels", found.pixels
    return name, _text(found, model) if isinstance(found, Texts) else found


def _text(written: Texts, model: Served) -> tf.Tensor:
    """string `b`"""
    token_ids = written.tokens.to_tensor(model.tokenizer.end_token_id)
    return model.tokenizer.detokenize(token_ids, written.continues)


def named(text: str) -> tuple[str, str]:
    """What the two tensors are called that stand for a text."""
    before = "" if text in ALONE else f"{text}_"
    return f"{before}token_ids", f"{before}num_tokens"


def spec(dtype: Any, shape: list[int | None], name: str) -> tf.TensorSpec:
    return tf.TensorSpec(shape, dtype, name)


def _by_place(function: Callable[..., Tensors], specs: Specs) -> Endpoint:
    """What is called with tensors in the order of their specs."""
    names = [one.name for one in specs]
    return lambda *tensors: function(**dict(zip(names, tensors))), specs


def known(token_ids: tf.Tensor, model: Served) -> tf.Tensor:
    """The same ids, or an error where one is none of the vocabulary."""
    size = model.tokenizer.vocabulary_size
    message = f"token_ids: expected ids from 0 to {size - 1}."
    fits = tf.reduce_all((token_ids >= 0) & (token_ids < size))
    return checked(token_ids, fits, message)
