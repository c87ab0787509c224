"""Reads the matrix that core/models/matrix.ts makes and adapters/models/matrix-file.ts writes, and
refuses one that cannot be learned from."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from .table import BadTable, is_count, is_names, read_table

FORMAT = "corro-matrix-2"
ACTIONS = ("BUY", "SELL", "HOLD")
FACTS = ("closeTimeMs", "settledAtMs")
ANSWERS = ("action", "move", "magnitude", "risk")
LEAST_ROWS = 500
# No market's price is six times as high a few candles later: such a print is an error of its
# source, and a single one would pull every mean.
MOST_MOVE = 5.0
# The same in every row of a matrix of days or weeks.
CALENDAR = frozenset({"hour_of_day", "day_of_week"})


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

    @property
    def cost(self) -> float:
        """Of a call, there and back, as a fraction of the price."""
        return float(self.header["label"]["roundTripCost"])

    def take(self, rows: np.ndarray) -> "Matrix":
        """Some of its rows. It keeps its header and hash: it is a part of the same data."""
        columns = ("close_ms", "settled_ms", "features", "action", "move", "magnitude", "risk")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})


def read_matrix(path: Path) -> Matrix:
    """Throws `BadMatrix`, naming the file."""
    try:
        return parse_matrix(path.read_bytes())
    except BadMatrix as error:
        raise BadMatrix(f"{path.name}: {error}") from error


def parse_matrix(raw: bytes) -> Matrix:
    try:
        header, table = read_table(raw, FORMAT)
    except BadTable as error:
        raise BadMatrix(str(error)) from error
    check_header(header)
    names = header["features"]["names"]
    at = {name: table[:, index] for index, name in enumerate(header["columns"])}
    for name in (*FACTS, *ANSWERS):
        if not np.all(np.isfinite(at[name])):
            raise BadMatrix(f"{name} must be finite in every row, was not in {holes(at[name])}")
    first = len(FACTS)
    # What 32 bits cannot hold is found by `check`.
    with np.errstate(over="ignore"):
        features = table[:, first : first + len(names)].astype(np.float32)
    matrix = Matrix(
        header=header,
        hash=hashlib.sha256(raw).hexdigest(),
        close_ms=at["closeTimeMs"],
        settled_ms=at["settledAtMs"],
        features=features,
        action=at["action"].astype(np.int64),
        move=at["move"],
        magnitude=at["magnitude"],
        risk=at["risk"],
    )
    if not np.array_equal(matrix.action, at["action"]):
        raise BadMatrix("action must be a whole number")
    check(matrix)
    return matrix


def check_header(header: dict) -> None:
    features, label = header.get("features"), header.get("label")
    if not isinstance(features, dict) or not is_names(features.get("names")):
        raise BadMatrix("the header must name its features")
    names = features["names"]
    for key in ("low", "high"):
        bounds = features.get(key)
        if not isinstance(bounds, list) or len(bounds) != len(names) or not numbers(bounds):
            raise BadMatrix(f"the header must say {key} of each feature")
    if header["columns"] != [*FACTS, *names, *ANSWERS]:
        raise BadMatrix("columns must be times, features and answers, in this order")
    if not is_count(features.get("version")) or not isinstance(features.get("hash"), str):
        raise BadMatrix("the header must say version and hash of its features")
    wanted = ("targetAtrs", "stopAtrs", "horizonCandles", "roundTripCost")
    if not isinstance(label, dict) or not numbers([label.get(key) for key in wanted]):
        raise BadMatrix("the header must say what its labels mean")
    if not isinstance(header.get("timeframe"), str) or not is_names(header.get("symbols")):
        raise BadMatrix("the header must say timeframe and symbols")


def check(matrix: Matrix) -> None:
    if matrix.rows < LEAST_ROWS:
        raise BadMatrix(f"must have at least {LEAST_ROWS} rows, had {matrix.rows}")
    check_times(matrix)
    check_answers(matrix)
    check_features(matrix)


def check_times(matrix: Matrix) -> None:
    if matrix.close_ms[0] < 0 or np.any(np.diff(matrix.close_ms) < 0):
        raise BadMatrix("rows must be in the order of time")
    if np.any(matrix.settled_ms <= matrix.close_ms):
        raise BadMatrix("a label must settle after its row's close")


def check_answers(matrix: Matrix) -> None:
    found = np.unique(matrix.action)
    if found[0] < 0 or found[-1] >= len(ACTIONS):
        raise BadMatrix(f"action must be 0 to {len(ACTIONS) - 1}")
    if len(found) < 2:
        raise BadMatrix(f"every label is {ACTIONS[int(found[0])]}: there is nothing to tell apart")
    if not np.array_equal(np.abs(matrix.move), matrix.magnitude):
        raise BadMatrix("magnitude must be the size of move")
    refuse(matrix, "move", (matrix.move <= -1) | (matrix.move > MOST_MOVE))
    refuse(matrix, "risk", (matrix.risk < 0) | (matrix.risk > 1))
    for name, values in (("magnitude", matrix.magnitude), ("risk", matrix.risk)):
        if np.all(values == values[0]):
            raise BadMatrix(f"{name} is {values[0]:g} in every row: there is nothing to learn")


def refuse(matrix: Matrix, name: str, wrong: np.ndarray) -> None:
    if not np.any(wrong):
        return
    row = int(np.argmax(wrong))
    value = getattr(matrix, name)[row]
    raise BadMatrix(
        f"{name} was {value:g} at the close of {iso(matrix.close_ms[row])}: no market does that, "
        "look at the candles from there on"
    )


def check_features(matrix: Matrix) -> None:
    """A feature without a source is unknown in every row, which is well: it is filled and nothing
    is learned from it. One that is known and never moves tells of broken candles."""
    for place, name in enumerate(matrix.header["features"]["names"]):
        values = matrix.features[:, place]
        known = values[~np.isnan(values)]
        if not np.all(np.isfinite(known)):
            raise BadMatrix(f"feature {name} must be finite or unknown, was infinite")
        if len(known) > 0 and np.all(known == known[0]) and name not in CALENDAR:
            raise BadMatrix(f"feature {name} is {known[0]:g} in every row: its source stands still")
    if np.all(np.isnan(matrix.features)):
        raise BadMatrix("no feature is known in any row")


def holes(values: np.ndarray) -> str:
    bad = np.flatnonzero(~np.isfinite(values))
    return f"row {bad[0]}" if len(bad) == 1 else f"{len(bad)} rows from row {bad[0]} on"


def numbers(values: list) -> bool:
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)


def iso(ms: float) -> str:
    """ISO 8601 in UTC, as JavaScript writes it."""
    whole = int(ms)
    moment = datetime.fromtimestamp(whole // 1_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{whole % 1_000:03d}Z"
