"""Ask a SavedModel to continue a text. This file runs without the zoo: it needs TensorFlow, and
the libraries of TensorFlow Text for models whose manifest.json names operations of it.

python client.py saved_models/quickstart/1 "def " --max-new-tokens 200 --temperature 0.8
"""

import argparse
import importlib.util
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main() -> int:
    parser = argparse.ArgumentParser(description="Continue a text with a SavedModel.")
    parser.add_argument("folder", help="a version folder: saved_models/<name>/<version>")
    parser.add_argument("prompt")
    parser.add_argument("--max-new-tokens", type=int, default=200)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--top-k", type=int, default=0)
    parser.add_argument("--top-p", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()

    # A SavedModel must answer where neither is installed: importing them fails from here on.
    sys.modules["keras"] = sys.modules["zoo"] = None  # type: ignore[assignment]
    import tensorflow as tf

    load(tf, libraries(pathlib.Path(asked.folder)))

    answer = tf.saved_model.load(asked.folder).signatures["generate"](
        text=tf.constant([asked.prompt]),
        max_new_tokens=tf.constant([asked.max_new_tokens]),
        temperature=tf.constant([asked.temperature]),
        top_k=tf.constant([asked.top_k]),
        top_p=tf.constant([asked.top_p]),
        seed=tf.constant([asked.seed]),
    )
    sys.stdout.buffer.write(asked.prompt.encode() + answer["text"].numpy()[0] + b"\n")
    return 0


def libraries(folder: pathlib.Path) -> list[str]:
    """The names of the files that hold the operations of a SavedModel of the zoo which TensorFlow
    has not."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return []
    return sorted(set(json.loads(manifest.read_text()).get("custom_ops", {}).values()))


def load(tensorflow, names: list[str]) -> None:
    """Load such files. The Python around them is not imported: it would import Keras."""
    found = importlib.util.find_spec("tensorflow_text") if names else None
    if names and (found is None or not found.submodule_search_locations):
        sys.exit("This model needs TensorFlow Text: pip install tensorflow-text")
    for name in names:
        for place in found.submodule_search_locations:
            tensorflow.load_op_library(str(pathlib.Path(place, "python", "ops", name)))


if __name__ == "__main__":
    sys.exit(main())
