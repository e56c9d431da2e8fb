"""Small files for recipes that read some of the user's, by kind of source."""

import json
import random
import string

import zoo
from zoo.core.kinds import as_node
from zoo.recipe.load import available

OWN_TEXT = ("translation/", "documents/", "reasoning/")
"""Folders of recipes that bring no text with them, and cannot be walked without small files."""
NAMES = sorted(name for name in available() if name.startswith(OWN_TEXT))


def write(folder):
    """Files of a few hundred lines: by kind of source, the options that name them."""
    draw = random.Random(0)
    words = ["".join(draw.choices(string.ascii_lowercase, k=5)) for _ in range(300)]
    lines = [" ".join(draw.choices(words, k=8)) + ".\n" for _ in range(300)]
    (folder / "a.txt").write_text("".join(lines))
    (folder / "b.txt").write_text("".join(line[::-1].strip() + "\n" for line in lines))
    objects = ({"article": line, "abstract": line[:20]} for line in lines)
    (folder / "c.jsonl").write_text("".join(json.dumps(one) + "\n" for one in objects))
    plain, other, pairs = (str(folder / name) for name in ("a.txt", "b.txt", "c.jsonl"))
    return {
        "text_files": {"path": plain, "validation_path": other},
        "parallel_text": {
            "path": plain,
            "target_path": other,
            "validation_path": plain,
            "validation_target_path": other,
        },
        "json_lines": {"path": pairs, "validation_path": pairs},
    }


def overrides(name, files):
    """What makes a recipe read the small files instead of those it names."""
    source = as_node(zoo.load_recipe(name).tree["data"]["source"])
    named = {option: path for option, path in files[source["kind"]].items() if option in source}
    return [f"data.source.{option}={path}" for option, path in named.items()]
