"""Prove files of numbers where neither the zoo nor Keras is: they have to answer the requests
beside them as the live model did.

python -I _proof.py READER FOLDER

READER: a file with a function `signatures(folder) -> {name: function of arrays by name}`
"""

import json
import pathlib
import runpy
import sys

NEAR = 1e-3
"""How far numbers may be off, plus this share of them: graphs sum in another order."""
MOST = 32
"""So many numbers of a longer axis are kept."""
MEMORY = "memory_"


def main() -> int:
    reader, folder = sys.argv[1:]
    # Importing them fails from here on.
    sys.modules["keras"] = sys.modules["zoo"] = sys.modules["tensorflow"] = None  # type: ignore[assignment]
    signatures = runpy.run_path(reader)["signatures"](pathlib.Path(folder))
    golden = json.loads(pathlib.Path(folder, "golden.json").read_text())
    wrong = [*wrongly_answered(signatures, golden["requests"])]
    for line in wrong[:5]:
        print(line)
    return 1 if wrong else 0


def wrongly_answered(signatures, requests):
    """A line for each output that is another one. A memory is that of the last answer that had
    one."""
    import numpy as np

    begun = {}
    for request in requests:
        name = request["signature"]
        given = {key: np.array(x["values"], x["dtype"]) for key, x in request["inputs"].items()}
        memory = begun if request["goes_on"] else {}
        found = signatures[name](**given, **memory)
        begun = begun or {key: x for key, x in found.items() if key.startswith(MEMORY)}
        for key, written in request["outputs"].items():
            wanted = np.array(written["values"], written["dtype"])
            array = thinned(found[key])
            if array.shape != wanted.shape or not near(array, wanted):
                yield f"{name}: {key} is {shown(array)}, expected {shown(wanted)}"


def thinned(array):
    """Every n-th number along axes of more than `MOST`."""
    steps = (slice(None, None, -(-size // MOST)) for size in array.shape)
    return array[tuple(steps)]


def near(array, wanted):
    import numpy as np

    return np.allclose(array, wanted, NEAR, NEAR)


def shown(array):
    text = str(array.tolist())
    return text if len(text) < 80 else f"{text[:80]} …"


if __name__ == "__main__":
    sys.exit(main())
