"""Walk-forward validation: every fold fits the whole pipeline anew on its own past, and answers the
rows of its future. The answers are what a promotion is judged by."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .folds import embargo_ms, forward_folds
from .kept import KeptFolds
from .matrix import BadMatrix, Matrix
from .messages import FoldMetrics
from .metrics import fold_metrics
from .models import fit
from .settings import Settings
from .table import table_bytes

# core/learning/contract.ts, `ValidationRow`, is read from these by
# adapters/models/validation-file.ts. `label` is a place in ACTIONS.
FORMAT = "corro-validation-1"
COLUMNS = (
    *("closeTimeMs", "settledAtMs", "fold", "label", "move"),
    *("buy", "sell", "hold", "magnitude", "confidence", "risk"),
)
# A fold with a shorter past is left out: its model would be one by name only.
LEAST_PAST_ROWS = 100


@dataclass(frozen=True)
class Fold:
    metrics: FoldMetrics
    # rows x COLUMNS.
    rows: np.ndarray


def walk_forward(
    matrix: Matrix,
    settings: Settings,
    kept: KeptFolds,
    tell: Callable[[int, list[FoldMetrics]], None],
) -> list[Fold]:
    """The folds in order. `tell` hears each fold's number before it is fitted, and the metrics so
    far. Throws `BadMatrix` when none of them can be learned from."""
    embargo = embargo_ms(matrix.close_ms, settings.embargo_candles)
    splits = forward_folds(matrix.close_ms, matrix.settled_ms, settings.folds, embargo)
    done: list[Fold] = []
    why = "no row settles before another begins"
    for number, train, test in splits:
        tell(number, [fold.metrics for fold in done])
        before = kept.read(number)
        if before is not None:
            done.append(Fold(*before))
            continue
        try:
            fold = fit_fold(number, matrix.take(train), matrix.take(test), settings)
        except BadMatrix as error:
            why = str(error)
            continue
        kept.write(number, fold.metrics, fold.rows)
        done.append(fold)
    if not done:
        raise BadMatrix(f"no fold of {settings.folds} can be tested: {why}")
    return done


def fit_fold(number: int, past: Matrix, future: Matrix, settings: Settings) -> Fold:
    if past.rows < LEAST_PAST_ROWS:
        raise BadMatrix(f"a fold's past must have {LEAST_PAST_ROWS} rows, had {past.rows}")
    answers = fit(past, settings).answer(future.features)
    facts = [future.close_ms, future.settled_ms, np.full(future.rows, number), future.action]
    rows = np.column_stack([*facts, future.move, answers])
    return Fold(fold_metrics(number, past, future, answers), rows)


def validation_bytes(matrix: Matrix, run: str, folds: list[Fold]) -> bytes:
    rows = np.concatenate([fold.rows for fold in folds])
    header = {
        "format": FORMAT,
        "rows": len(rows),
        "columns": list(COLUMNS),
        "matrixHash": matrix.hash,
        "runId": run,
        "label": matrix.header["label"],
    }
    return table_bytes(header, rows)
