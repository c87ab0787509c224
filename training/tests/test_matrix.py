"""If these fail, something is learned from data that teaches nothing, or nobody is told why not."""

import unittest
from collections.abc import Callable

import numpy as np

from corro_training.matrix import BadMatrix, parse_matrix
from corro_training.models import fit
from corro_training.settings import Settings

from .made_up import bytes_of, columns_of, header_of, matrix_of

Edit = Callable[[dict], None]


def setting(name: str, value: object, row: object = slice(None)) -> Edit:
    def edit(columns: dict) -> None:
        columns[name] = columns[name].copy()
        columns[name][row] = value

    return edit


def still(columns: dict) -> None:
    columns["move"][:] = 0.001
    columns["magnitude"][:] = 0.001


def shuffled(columns: dict) -> None:
    columns["closeTimeMs"][[3, 4]] = columns["closeTimeMs"][[4, 3]]


def print_at(value: float) -> Edit:
    def edit(columns: dict) -> None:
        columns["move"][100], columns["magnitude"][100] = value, abs(value)

    return edit


EDITS: tuple[tuple[Edit, str], ...] = (
    (setting("action", 2), "every label is HOLD: there is nothing to tell apart"),
    (setting("action", 3, 5), "action must be 0 to 2"),
    (setting("action", 0.5, 5), "action must be a whole number"),
    (setting("risk", 0.002), "risk is 0.002 in every row"),
    (still, "magnitude is 0.001 in every row"),
    (setting("risk", np.nan, 7), "risk must be finite in every row, was not in row 7"),
    (setting("move", np.nan, [7, 9]), "move must be finite in every row, was not in 2 rows"),
    (setting("magnitude", 0.5, 7), "magnitude must be the size of move"),
    (setting("risk", 1.5, 7), "risk was 1.5 at the close of 2023-11-14T22:20:19.999Z"),
    (setting("risk", -0.1, 7), "risk was -0.1 at the close of"),
    (print_at(998.0), "move was 998 at the close of 2023-11-14T23:53:19.999Z: no market does"),
    (print_at(-1.0), "move was -1 at the close of"),
    (shuffled, "rows must be in the order of time"),
    (setting("settledAtMs", 0, 5), "a label must settle after its row's close"),
    (setting("noise", np.inf, 5), "feature noise must be finite or unknown, was infinite"),
    (setting("noise", 1e300, 5), "feature noise must be finite or unknown, was infinite"),
    (setting("noise", 0.25), "feature noise is 0.25 in every row: its source stands still"),
)


class Matrices(unittest.TestCase):
    def refused(self, raw: bytes, says: str) -> None:
        with self.assertRaises(BadMatrix) as caught:
            parse_matrix(raw)
        self.assertIn(says, str(caught.exception))

    def test_refusals_of_numbers(self) -> None:
        for edit, says in EDITS:
            with self.subTest(says):
                columns = columns_of()
                edit(columns)
                self.refused(bytes_of(columns), says)

    def test_too_few_rows(self) -> None:
        self.refused(bytes_of(columns_of(rows=20)), "must have at least 500 rows, had 20")

    def test_no_feature_known(self) -> None:
        columns = columns_of()
        for name in ("tells", "noise", "sometimes", "hour_of_day"):
            columns[name] = np.full(700, np.nan)
        self.refused(bytes_of(columns), "no feature is known in any row")

    def test_refusals_of_bytes(self) -> None:
        raw = bytes_of(columns_of())
        for broken, says in (
            (b"", "the first line must be JSON"),
            (b"\x80\x04pickle\n" + raw, "the first line must be JSON"),
            (b"[]\n", "must be of format corro-matrix-2"),
            (raw.replace(b"corro-matrix-2", b"corro-matrix-9"), "must be of format"),
            (raw[:-1], "bytes of numbers, held"),
            (raw + b"\0", "bytes of numbers, held"),
        ):
            with self.subTest(says):
                self.refused(broken, says)

    def test_refusals_of_headers(self) -> None:
        columns = columns_of()
        for key, value, says in (
            ("rows", "many", "must say rows and columns"),
            ("rows", -1, "must say rows and columns"),
            ("columns", ["a", "a"], "must say rows and columns"),
            ("features", None, "must name its features"),
            ("features", {"names": ["tells"]}, "must say low of each feature"),
            ("label", {"targetAtrs": 2}, "must say what its labels mean"),
            ("timeframe", 5, "must say timeframe and symbols"),
        ):
            with self.subTest(says):
                self.refused(bytes_of(columns, {**header_of(columns), key: value}), says)
        names = ["noise", "tells", "sometimes", "hour_of_day"]
        features = {**header_of(columns)["features"], "names": names}
        raw = bytes_of(columns, {**header_of(columns), "features": features})
        self.refused(raw, "columns must be times, features and answers")

    def test_a_feature_without_a_source_is_no_fault(self) -> None:
        columns = columns_of()
        columns["sometimes"] = np.full(700, np.nan)
        columns["hour_of_day"] = np.full(700, 0.5)
        fitted = fit(matrix_of(columns), Settings(trees=3))
        self.assertTrue(np.all(np.isfinite(fitted.answer(matrix_of(columns_of()).features))))
