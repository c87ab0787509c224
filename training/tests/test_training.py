"""If these fail, validation has seen the future, or a run that was interrupted ends otherwise."""

import tempfile
import unittest
from pathlib import Path

import numpy as np

from corro_training.kept import KeptFolds
from corro_training.matrix import BadMatrix, Matrix
from corro_training.settings import Settings
from corro_training.training import Made, train
from corro_training.validation import COLUMNS, Fold, walk_forward

from .made_up import columns_of, matrix_of

SETTINGS = Settings(trees=4, folds=3, embargo_candles=2)
NONE = KeptFolds(None, COLUMNS)


def folds_of(matrix: Matrix) -> list[Fold]:
    return walk_forward(matrix, SETTINGS, NONE, lambda number, metrics: None)


def trained(folder: Path | None) -> tuple[Made, list[str], KeptFolds]:
    stages: list[str] = []
    kept = KeptFolds(folder, COLUMNS)
    made = train(matrix_of(columns_of()), SETTINGS, kept, lambda now: stages.append(now["stage"]))
    return made, stages, kept


class Training(unittest.TestCase):
    def test_a_fold_knows_nothing_of_what_comes_after_its_past(self) -> None:
        """Labels and moves of the tested rows, and everything after them, are others: what was
        answered stays to the bit."""
        before = folds_of(matrix_of(columns_of()))
        columns, random = columns_of(), np.random.default_rng(9)
        start, end = before[1].rows[0, 0], before[1].rows[-1, 0]
        future = columns["closeTimeMs"] >= start
        columns["action"][future] = random.integers(0, 3, size=future.sum())
        columns["move"][future] = random.normal(scale=0.1, size=future.sum())
        columns["magnitude"] = np.abs(columns["move"])
        columns["risk"][future] = random.random(future.sum())
        for name in ("tells", "noise"):
            columns[name][columns["closeTimeMs"] > end] = random.normal()
        after = folds_of(matrix_of(columns))
        answers = slice(COLUMNS.index("buy"), None)
        np.testing.assert_array_equal(after[0].rows, before[0].rows)
        np.testing.assert_array_equal(after[1].rows[:, answers], before[1].rows[:, answers])
        self.assertFalse(np.array_equal(after[2].rows[:, answers], before[2].rows[:, answers]))

    def test_folds_learn_from_labels_known_before_the_embargo(self) -> None:
        matrix = matrix_of(columns_of())
        for fold in folds_of(matrix):
            start = fold.rows[0, 0]
            known = np.sum(matrix.settled_ms < start - 2 * 60_000)
            self.assertEqual(fold.metrics["trainRows"], known)

    def test_what_is_told_is_what_the_rows_say(self) -> None:
        made, stages, _ = trained(None)
        self.assertEqual(
            stages, ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3", "fitting", "exporting"]
        )
        told = made.told
        self.assertEqual(sum(told["labels"].values()), told["rows"])
        self.assertAlmostEqual(sum(told["importance"].values()), 1)
        self.assertGreater(told["importance"]["tells"], 0.5)
        self.assertNotEqual(told["modelHash"], told["graphHash"])
        for fold in told["folds"]:
            self.assertLess(fold["brier"], fold["baseBrier"])

    def test_finished_folds_are_not_fitted_again_and_change_nothing(self) -> None:
        whole, _, _ = trained(None)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            first, _, _ = trained(folder)
            (folder / "fold-2").write_bytes((folder / "fold-2").read_bytes()[:-8] + bytes(8))
            (folder / "fold-3").write_bytes(b"half of it")
            second, _, kept = trained(folder)
            self.assertEqual(kept.found, [1])
        for made in (first, second):
            self.assertEqual((made.model, made.validation), (whole.model, whole.validation))
            self.assertEqual(made.told, whole.told)

    def test_another_seed_is_another_run(self) -> None:
        matrix = matrix_of(columns_of())
        settings = [Settings(seed=seed, trees=2, folds=1) for seed in (1, 2)]
        runs = [train(matrix, one, NONE, lambda now: None) for one in settings]
        self.assertEqual(len({made.told["runId"] for made in runs}), 2)
        self.assertEqual(len({made.told["graphHash"] for made in runs}), 2)

    def test_no_fold_with_a_past(self) -> None:
        columns = columns_of()
        columns["settledAtMs"][:] = columns["closeTimeMs"][-1] + 1
        with self.assertRaisesRegex(BadMatrix, "no fold of 3 can be tested"):
            folds_of(matrix_of(columns))

    def test_one_class_until_the_end(self) -> None:
        columns = columns_of()
        columns["action"][:650] = 2
        with self.assertRaisesRegex(BadMatrix, "no fold of 3 can be tested: .* every call"):
            folds_of(matrix_of(columns))
