"""One run from a matrix to a model file and its validation. Pure: no clock, no network; the same
matrix and settings give the same bytes."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .card import metadata_of
from .graph import build
from .kept import KeptFolds
from .matrix import ACTIONS, Matrix
from .messages import FoldMetrics, TrainedModel, TrainProgress
from .models import Fitted, fit
from .run_id import run_id
from .settings import Settings
from .validation import validation_bytes, walk_forward


@dataclass(frozen=True)
class Made:
    model: bytes
    validation: bytes
    told: TrainedModel


def train(
    matrix: Matrix,
    settings: Settings,
    kept: KeptFolds,
    tell: Callable[[TrainProgress], None],
) -> Made:
    """Throws `BadMatrix`. `tell` hears how far it is."""
    steps = settings.folds + 2

    def at(stage: str, done: int, folds: list[FoldMetrics]) -> None:
        tell({"stage": stage, "done": done, "of": steps, "folds": folds})

    folds = walk_forward(
        matrix,
        settings,
        kept,
        lambda number, so_far: at(f"fold {number} of {settings.folds}", number - 1, so_far),
    )
    metrics = [fold.metrics for fold in folds]
    at("fitting", settings.folds, metrics)
    fitted = fit(matrix, settings)
    at("exporting", settings.folds + 1, metrics)
    model = build(fitted, metadata_of(matrix, settings))
    run = run_id(matrix.hash, settings)
    validation = validation_bytes(matrix, run, folds)
    told: TrainedModel = {
        "modelHash": sha256(model),
        "graphHash": sha256(build(fitted, {})),
        "validationHash": sha256(validation),
        "runId": run,
        "rows": matrix.rows,
        "labels": {name: int(np.sum(matrix.action == at)) for at, name in enumerate(ACTIONS)},
        "folds": metrics,
        "importance": importance_of(matrix, fitted),
    }
    return Made(model, validation, told)


def importance_of(matrix: Matrix, fitted: Fitted) -> dict[str, float]:
    """Share of the impurity each feature took out of the forest (Breiman 2001); sums to 1, unless
    no tree found anything to split by: then all are 0."""
    shares = fitted.direction.feature_importances_
    return dict(zip(matrix.header["features"]["names"], map(float, shares), strict=True))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
