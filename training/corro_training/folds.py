"""Splits in time: nothing is learned from a row whose label settled after the test began."""

from collections.abc import Iterator

import numpy as np


def forward_folds(
    close_ms: np.ndarray, settled_ms: np.ndarray, folds: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of row numbers (train, test): each of `folds` blocks is tested on what was known before
    it. Rows are in the order of time; rows of one close are never on both sides. Purging as in
    López de Prado, "Advances in financial machine learning" (2018), chapter 7."""
    rows = np.arange(len(close_ms))
    starts = [close_ms[len(rows) * k // (folds + 1)] for k in range(1, folds + 1)]
    for start, end in zip(starts, [*starts[1:], np.inf], strict=True):
        train = rows[settled_ms < start]
        test = rows[(close_ms >= start) & (close_ms < end)]
        if len(train) > 0 and len(test) > 0:
            yield train, test
