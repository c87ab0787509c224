"""Fits a model from a matrix and writes it as one ONNX file.

    python -m corro_training.export matrix.bin --out model.onnx [--seed 7] [--trees 100] [--depth 6]

The same matrix and settings give the same bytes, also as the trainer's; `--folds` is of those, and
only names the run here: nothing is validated. Prints one line of JSON: sha256, rows, and how
often each label came. `--witness FILE` also writes what scikit-learn itself answers to every row of
the matrix (rows x 6 little-endian doubles: BUY, SELL, HOLD, magnitude, confidence, risk), to
compare with what the file answers elsewhere. Exit code 3: the matrix cannot be learned from.
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np

from .card import metadata_of
from .graph import build
from .matrix import ACTIONS, BadMatrix, read_matrix
from .models import fit
from .settings import Settings


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="corro_training.export")
    parser.add_argument("matrix", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--witness", type=Path)
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--trees", type=int, default=Settings.trees)
    parser.add_argument("--depth", type=int, default=Settings.depth)
    parser.add_argument("--folds", type=int, default=Settings.folds)
    asked = parser.parse_args(arguments)
    settings = Settings(seed=asked.seed, trees=asked.trees, depth=asked.depth, folds=asked.folds)
    try:
        matrix = read_matrix(asked.matrix)
        fitted = fit(matrix, settings)
    except BadMatrix as error:
        print(f"corro_training: {error}", file=sys.stderr)
        return 3
    model = build(fitted, metadata_of(matrix, settings))
    write(asked.out, model)
    if asked.witness:
        write(asked.witness, fitted.answer(matrix.features).astype("<f8").tobytes())
    labels = {name: int(np.sum(matrix.action == at)) for at, name in enumerate(ACTIONS)}
    told = {"sha256": hashlib.sha256(model).hexdigest(), "rows": matrix.rows, "labels": labels}
    print(json.dumps(told, allow_nan=False))
    return 0


def write(path: Path, content: bytes) -> None:
    """A reader sees the old file or the new one, never half of it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
