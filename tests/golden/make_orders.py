"""Make orders.npz: in which order the permuters of Taming Transformers write a grid.

Made with torch 2.13.0 and taming/modules/transformer/permuter.py of CompVis/taming-transformers,
whose folder the command line names first.

    <kind>/<side>   int16, which place is written first, second, and so on
"""

import sys
from pathlib import Path

sys.path.insert(0, sys.argv.pop(1))
from arrays import save
from taming.modules.transformer import permuter

KINDS = {
    "alternate": permuter.AlternateParsing,
    "random": permuter.Random,
    "spiral_in": permuter.SpiralIn,
    "spiral_out": permuter.SpiralOut,
    "subsample": permuter.Subsample,
    "z_curve": permuter.ZCurve,
}

if __name__ == "__main__":
    arrays = {
        f"{kind}/{side}": make(side, side).forward_shuffle_idx.numpy().astype("int16")
        for kind, make in KINDS.items()
        for side in (2, 8, 16)
    }
    save(Path(__file__), arrays)
