"""Citation graphs with the Planetoid split (Yang et al. 2016, arXiv:1603.08861): Cora, CiteSeer."""

import itertools
import zipfile
from pathlib import Path
from typing import Literal

import numpy as np

from zoo.core.errors import ZooError, shown, suggest
from zoo.core.folders import at_home
from zoo.core.graphs import graph, told, written
from zoo.data.sources import Source
from zoo.data.sources._files import missing
from zoo.data.sources._pairs import answered

PARTS = {"train": "train_idx", "validation": "val_idx", "test": "test_idx"}
ARRAYS = ("feature_indptr", "feature_indices", "labels", "edges", *PARTS.values())


class Planetoid(Source):
    """An `.npz` file of `feature_indptr` and `feature_indices`, the words of each node in
    compressed rows; `labels`, a class a node; `edges`, int `x 2`, which lead both ways; and which
    nodes are known: `train_idx`, `val_idx` and `test_idx`.

    The one document is the whole graph, with all its edges, and the answer has a line for each node
    that is known: to train, those of the training part; held out, those of another. Its edges have
    the label 0. Raises ZooError for a file that holds anything else.
    """

    def __init__(self, path: str, held_out: Literal["validation", "test"] = "validation"):
        self.path, self.held_out = path, held_out

    def train(self):
        return self._documents("train")

    def validation(self):
        return self._documents(self.held_out)

    def _documents(self, part: str):
        held = _read(Path(at_home(self.path)))
        starts, words, edges = (held[name] for name in (*ARRAYS[:2], "edges"))
        nodes = [words[start:stop].tolist() for start, stop in itertools.pairwise(starts)]
        both = np.concatenate([edges, edges[:, ::-1]])
        whole = graph(nodes, np.column_stack([both, np.zeros(len(both), "int32")]))
        known = held[PARTS[part]].tolist()
        answers = {node: str(held["labels"][node]) for node in known}
        name = f"{self.path}:{part}"
        return [answered(name, written(whole), told(answers).encode())]


def _read(file: Path) -> dict[str, np.ndarray]:
    """The arrays of a file by their names. Raises ZooError at `path`."""
    try:
        with np.load(file, allow_pickle=False) as opened:
            names = opened.files
            held = {name: opened[name] for name in ARRAYS if name in names}
    except FileNotFoundError as wrong:
        raise missing(file, "path") from wrong
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as wrong:
        raise ZooError(f"{file}: is no .npz file that can be read: {wrong}", "path") from wrong
    for name in ARRAYS:
        if name not in held:
            raise ZooError(f"{file}: holds no {shown(name)}. {suggest(name, names)}", "path")
        if held[name].dtype.kind not in "iu":
            found = f"{name} of {held[name].dtype}"
            raise ZooError(f"{file}: found {found}, expected whole numbers.", "path")
    _check(held, file)
    return held


def _check(held: dict[str, np.ndarray], file: Path) -> None:
    """Raises ZooError where arrays do not belong together."""
    starts, words, labels, edges, *parts = (held[name] for name in ARRAYS)
    rising = starts.ndim == 1 and starts[0] == 0 and (np.diff(starts) >= 0).all()
    if not (rising and starts[-1] == words.size and labels.shape == (len(starts) - 1,)):
        sizes = f"{starts.size - 1:,} rows, {words.size:,} words and {labels.size:,} labels"
        raise ZooError(f"{file}: found {sizes}, which do not belong together.", "path")
    if edges.ndim != 2 or edges.shape[1] != 2:
        raise ZooError(f"{file}: found edges {list(edges.shape)}, expected [x, 2].", "path")
    for name, nodes in zip((*PARTS.values(), "edges"), (*parts, edges)):
        if nodes.size and not (nodes.min() >= 0 and nodes.max() < len(labels)):
            raise ZooError(f"{file}: {name} names nodes that are not there.", "path")
    for name, nodes in zip(PARTS.values(), parts):
        if not nodes.size or (labels[nodes] < 0).any():
            raise ZooError(f"{file}: {name} names no nodes, or some without a label.", "path")
