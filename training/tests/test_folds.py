"""If these fail, a model is judged on what it was fitted on."""

import unittest

import numpy as np
import pandas as pd
from purgedcv import purge

from corro_training.folds import embargo_ms, forward_folds

MINUTE_MS = 60_000


def made_up(seed: int, rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Closes with holes and with several rows each, and labels that settle at any time after."""
    random = np.random.default_rng(seed)
    steps = random.choice([0, 1, 1, 1, 2, 9], size=rows)
    close = 1_700_000_000_000 + MINUTE_MS * np.cumsum(steps) - 1
    return close, close + MINUTE_MS * random.integers(1, 15, size=rows)


class Folds(unittest.TestCase):
    def test_train_is_what_purgedcv_keeps(self) -> None:
        for seed in range(20):
            close, settled = made_up(seed)
            times = pd.Series(pd.to_datetime(close, unit="ms"))
            # Its horizons are half open: a label that settles at the test's first close is kept
            # there, and not here.
            ends = pd.Series(pd.to_datetime(settled + 1, unit="ms"))
            embargo = MINUTE_MS * (seed % 4)
            padding = pd.Timedelta(milliseconds=embargo)
            found = 0
            for _, train, test in forward_folds(close, settled, 5, embargo):
                past = np.arange(test[0])
                kept = purge(past, test, times, ends, purge_horizon=padding)
                np.testing.assert_array_equal(train, kept)
                found += 1
            self.assertGreaterEqual(found, 4)

    def test_train_is_what_a_look_at_each_row_keeps(self) -> None:
        for seed in range(20, 40):
            close, settled = made_up(seed)
            embargo = MINUTE_MS * (seed % 7)
            for _, train, test in forward_folds(close, settled, 4, embargo):
                start = close[test[0]]
                known = [row for row in range(len(close)) if settled[row] < start - embargo]
                self.assertEqual(list(train), known)
                self.assertLess(close[train].max(), start)

    def test_each_row_is_tested_once_and_rows_of_one_close_together(self) -> None:
        close, settled = made_up(7)
        folds = list(forward_folds(close, settled, 5))
        tested = np.concatenate([test for _, _, test in folds])
        np.testing.assert_array_equal(tested, np.arange(tested[0], len(close)))
        for (_, _, one), (_, _, other) in zip(folds, folds[1:], strict=False):
            self.assertLess(close[one[-1]], close[other[0]])
        self.assertEqual([number for number, _, _ in folds], [1, 2, 3, 4, 5])

    def test_embargo_is_as_long_as_so_many_candles_of_the_usual_kind(self) -> None:
        close = 300_000.0 * np.array([1, 1, 2, 3, 3, 4, 5, 90, 91, 92])
        self.assertEqual(embargo_ms(close, 12), 12 * 300_000)
        self.assertEqual(embargo_ms(close[:1], 12), 0)
