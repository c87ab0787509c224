"""Reads the matrix that core/models/matrix.ts makes and adapters/models/matrix-file.ts writes."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FORMAT = "corro-matrix-2"
ACTIONS = ("BUY", "SELL", "HOLD")
LEAST_ROWS = 500


class BadMatrix(Exception):
    """The matrix cannot be learned from; the text says why."""


@dataclass(frozen=True)
class Matrix:
    header: dict
    hash: str
    close_ms: np.ndarray
    settled_ms: np.ndarray
    # rows x features, 32-bit as they are served; NaN where a feature is not known.
    features: np.ndarray
    # Place in ACTIONS.
    action: np.ndarray
    # Exit / entry - 1 before costs, signed; magnitude is its size.
    move: np.ndarray
    magnitude: np.ndarray
    risk: np.ndarray

    @property
    def rows(self) -> int:
        return len(self.action)


def read_matrix(path: Path) -> Matrix:
    raw = path.read_bytes()
    line, _, body = raw.partition(b"\n")
    try:
        header = json.loads(line)
    except ValueError as error:
        raise BadMatrix(f"{path}: the first line must be JSON") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise BadMatrix(f"{path}: must be of format {FORMAT}")
    columns = header["columns"]
    wanted = header["rows"] * len(columns) * 8
    if len(body) != wanted:
        raise BadMatrix(f"{path}: must hold {wanted} bytes of numbers, held {len(body)}")
    table = np.frombuffer(body, dtype="<f8").reshape(header["rows"], len(columns))
    names = header["features"]["names"]
    first = columns.index(names[0])
    at = {name: table[:, index] for index, name in enumerate(columns)}
    matrix = Matrix(
        header=header,
        hash=hashlib.sha256(raw).hexdigest(),
        close_ms=at["closeTimeMs"],
        settled_ms=at["settledAtMs"],
        features=table[:, first : first + len(names)].astype(np.float32),
        action=at["action"].astype(np.int64),
        move=at["move"],
        magnitude=at["magnitude"],
        risk=at["risk"],
    )
    check(matrix)
    return matrix


def check(matrix: Matrix) -> None:
    if matrix.rows < LEAST_ROWS:
        raise BadMatrix(f"must have at least {LEAST_ROWS} rows, had {matrix.rows}")
    found = np.unique(matrix.action)
    if len(found) < 2:
        raise BadMatrix(f"every label is {ACTIONS[int(found[0])]}: there is nothing to tell apart")
    if np.any(np.diff(matrix.close_ms) < 0):
        raise BadMatrix("rows must be in the order of time")
    if np.any(matrix.settled_ms <= matrix.close_ms):
        raise BadMatrix("a label must settle after its row's close")
    for name, values in (("magnitude", matrix.magnitude), ("risk", matrix.risk)):
        if not np.all(np.isfinite(values)) or np.any(values < 0):
            raise BadMatrix(f"{name} must be finite and not negative")
    if not np.array_equal(np.abs(matrix.move), matrix.magnitude):
        raise BadMatrix("magnitude must be the size of move")
