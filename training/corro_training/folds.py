"""Splits in time: nothing is learned from a row whose label settled after the test began, or so
short before that the test's first rows still overlap with what made it."""

from collections.abc import Iterator

import numpy as np


def forward_folds(
    close_ms: np.ndarray, settled_ms: np.ndarray, folds: int, embargo_ms: float = 0
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(number from 1, train rows, test rows): each of `folds` blocks is tested on what was known
    `embargo_ms` before it. Rows are in the order of time; rows of one close are never on both
    sides. Purging and embargo as in López de Prado, "Advances in financial machine learning"
    (2018), chapter 7; here the past alone is learned from, so the embargo lies before the test. A
    block without a past, or without rows, is left out."""
    rows = np.arange(len(close_ms))
    starts = [close_ms[len(rows) * k // (folds + 1)] for k in range(1, folds + 1)]
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], np.inf], strict=True), 1):
        train = rows[settled_ms < start - embargo_ms]
        test = rows[(close_ms >= start) & (close_ms < end)]
        if len(train) > 0 and len(test) > 0:
            yield number, train, test


def embargo_ms(close_ms: np.ndarray, candles: int) -> float:
    """So many candles as time. A candle is as long as the usual way from one close to the next:
    holes are longer and rare, closes of several markets are the same."""
    spaces = np.diff(np.unique(close_ms))
    return candles * float(np.median(spaces)) if len(spaces) > 0 else 0.0
