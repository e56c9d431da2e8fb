"""What a SavedModel can be asked: named tensors in, a flat dict out, the number of rows free.

Plain TensorFlow graphs without XLA, as stock TensorFlow Serving wants them. A kind is a file:
`score.py` is the signature `score`. Those that read text stand in a SavedModel twice: `score` takes
`text`, string `b`, and `score_ids` the tensors `token_ids`, int32 `b t`, and `num_tokens`, int32
`b`. Where the one answers with text, the other answers with these two. So do those that look at
pictures: `classify` takes `image`, string `b`, files of any size, and `classify_pixels` takes
`pixels`, uint8 `b y x c`. Of models of music they read `midi`, string `b`, files of MIDI.
"""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.core.checked import checked
from zoo.core.kinds import Kind
from zoo.data.batching import Batching
from zoo.data.decoding import decoded, fitted, middle
from zoo.generation.search import Search
from zoo.tokenizers import Frame, Tokenizer
from zoo.tokenizers._music import Music

Tensors = dict[str, Any]
Specs = list[tf.TensorSpec]
Endpoint = tuple[Callable[..., Tensors], Specs]
"""A function, and the tensors it takes, in order."""
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
        """Rows, columns and channels of the pictures it looks at; None for one that reads texts."""
        sees = self.task.input.get("images")
        return None if sees is None else tuple(sees.shape[1:])

    @property
    def graph(self) -> bool:
        """Whether what it is told of are the nodes and edges of graphs."""
        return "edges" in self.task.input

    @property
    def music(self) -> bool:
        """Whether what it reads are pieces of music."""
        return isinstance(self.tokenizer, Music)

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


class Images(NamedTuple):
    """Pictures as a signature is given them."""

    pixels: Any
    """float32 `b y x c`, 0 to 255, of the size the model looks at."""
    part: Any
    """float32 `b 4`: where these lie in the whole picture: left, top, width and height, as shares
    of it."""


class Signature(Kind):
    """The contract of every signature. Options of its constructor are written in a recipe."""

    shelf = "serving/signatures"
    tasks: ClassVar[tuple[str, ...]]
    """The kinds of task that answer it."""
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
        """The tensors and `Texts` or `Images` it takes -> tensors and `Texts`, by their names."""
        raise NotImplementedError

    def example(self, text: str) -> str:
        """A text that it can answer, made of another."""
        return text

    def example_options(self) -> dict[str, np.ndarray]:
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

    def read(self, model: Served, given: tf.Tensor) -> Texts | Images:
        """string `b` -> what `answer` is given of it."""
        if model.picture:
            return looked_at(model, given)
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
        return {name: _text(x, model) if isinstance(x, Texts) else x for name, x in found.items()}

    return _by_place(answer, [*specs, *signature.takes(model)])


def pixels_in(signature: Signature, model: Served) -> Endpoint:
    """The same with the pixels of pictures, all of one size, in place of their files."""
    (name,), channels = signature.images, model.picture[-1]

    def answer(pixels: tf.Tensor, **given: Any) -> Tensors:
        sizes = tf.tile(tf.shape(pixels)[None, 1:3], [tf.shape(pixels)[0], 1])
        seen = Images(resized(model, pixels), part(model, sizes))
        return signature.answer(model, **{name: seen}, **given)

    specs = [spec(tf.uint8, [None, None, None, channels], "pixels")]
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


def looked_at(model: Served, files: tf.Tensor) -> Images:
    """Encoded pictures of any size, string `b` -> as a model was trained to see them."""
    places = tf.range(tf.shape(files)[0])
    names = tf.strings.join(["image[", tf.strings.as_string(places), "]"])

    def look(one):
        pixels = decoded(one[0], model.picture[-1], one[1])
        return resized(model, pixels), tf.shape(pixels)[:2]

    like = tf.TensorSpec(model.picture, tf.float32), tf.TensorSpec([2], tf.int32)
    pixels, sizes = tf.map_fn(look, (files, names), fn_output_signature=like)
    return Images(pixels, part(model, sizes))


def resized(model: Served, pixels: tf.Tensor) -> tf.Tensor:
    """Pixels of any size, `… y x c` -> as a model was trained to see them, float32."""
    return fitted(pixels, *_frame(model))


def part(model: Served, sizes: tf.Tensor) -> tf.Tensor:
    """Of pictures of so many rows and columns, int32 `b 2`, what a model sees: float32 `b 4`."""
    first, size = middle(sizes, *_frame(model))
    corner, extent = (tf.reverse(tf.cast(x / sizes, tf.float32), [1]) for x in (first, size))
    return tf.concat([corner, extent], axis=1)


def _frame(model: Served) -> tuple[int, int, float]:
    """The rows and columns it sees, and how much of the sides it keeps: as it was trained by a
    recipe, else as it says itself."""
    height, width, _ = model.picture or (1, 1, 1)
    if model.batching is None:
        return height, width, getattr(model.task.backbone, "kept", 1.0)
    return height, width, getattr(model.batching, "kept", 1.0)


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
