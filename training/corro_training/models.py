"""Fits the four models of one file."""

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from threadpoolctl import threadpool_limits

from .cleaning import Cleaning, cleaning_of
from .folds import embargo_ms, forward_folds
from .matrix import ACTIONS, BadMatrix, Matrix
from .settings import Settings

# Of the calls that confidence is learned from.
FOLDS = 4
# Serving one row takes as long as there are support vectors: 48 microseconds at this many.
MOST_SUPPORT_ROWS = 2_000


@dataclass(frozen=True)
class Fitted:
    cleaning: Cleaning
    direction: RandomForestClassifier
    magnitude: HistGradientBoostingRegressor
    confidence: LogisticRegression
    scaler: StandardScaler
    risk: SVR
    # The risk model learns deviations from its mean, in units of its spread.
    risk_mean: float
    risk_spread: float

    def answer(self, features: np.ndarray) -> np.ndarray:
        """rows x 6 as scikit-learn answers: BUY, SELL, HOLD, magnitude, confidence, risk."""
        clean = self.cleaning.apply(features)
        direction = shares(self.direction, clean)
        risk = self.risk.predict(self.scaler.transform(clean)) * self.risk_spread + self.risk_mean
        return np.column_stack(
            [
                direction,
                np.maximum(self.magnitude.predict(clean), 0),
                self.confidence.predict_proba(np.hstack([clean, direction]))[:, 1],
                np.maximum(risk, 0),
            ]
        )


def fit(matrix: Matrix, settings: Settings) -> Fitted:
    """All that is learned is learned from these rows alone, cleaning and scaling too. Throws
    `BadMatrix` when one of the four cannot be learned."""
    # Sums are taken in one order, so that the same rows give the same bytes; and threads of a busy
    # machine wait for one another without end.
    with threadpool_limits(limits=1):
        return fit_all(matrix, settings)


def fit_all(matrix: Matrix, settings: Settings) -> Fitted:
    cleaning = cleaning_of(matrix.features, matrix.header)
    clean = cleaning.apply(matrix.features)
    few = np.linspace(0, matrix.rows - 1, min(matrix.rows, MOST_SUPPORT_ROWS)).astype(int)
    scaler = StandardScaler().fit(clean)
    mean, spread = float(np.mean(matrix.risk)), float(np.std(matrix.risk)) or 1.0
    return Fitted(
        cleaning=cleaning,
        direction=forest(settings).fit(clean, matrix.action),
        magnitude=HistGradientBoostingRegressor(
            max_depth=3, max_iter=100, early_stopping=False, random_state=settings.seed
        ).fit(clean, matrix.magnitude),
        confidence=fit_confidence(matrix, clean, settings),
        scaler=scaler,
        risk=SVR(kernel="rbf").fit(
            scaler.transform(clean[few]), (matrix.risk[few] - mean) / spread
        ),
        risk_mean=mean,
        risk_spread=spread,
    )


def forest(settings: Settings) -> RandomForestClassifier:
    return RandomForestClassifier(
        n_estimators=settings.trees,
        max_depth=settings.depth,
        min_samples_leaf=20,
        random_state=settings.seed,
        n_jobs=1,
    )


def fit_confidence(matrix: Matrix, clean: np.ndarray, settings: Settings) -> LogisticRegression:
    """Whether the call was right, learned from calls about rows their forest had not seen."""
    inputs, right = [], []
    embargo = embargo_ms(matrix.close_ms, settings.embargo_candles)
    splits = forward_folds(matrix.close_ms, matrix.settled_ms, FOLDS, embargo)
    for _, train, test in splits:
        if len(np.unique(matrix.action[train])) < 2:
            continue
        direction = shares(forest(settings).fit(clean[train], matrix.action[train]), clean[test])
        inputs.append(np.hstack([clean[test], direction]))
        right.append(np.argmax(direction, axis=1) == matrix.action[test])
    answers = np.concatenate(right) if right else np.array([])
    if len(np.unique(answers)) < 2:
        raise BadMatrix("out of sample every call was equally right: confidence cannot be learned")
    return LogisticRegression(max_iter=1_000).fit(np.concatenate(inputs), answers)


def shares(model: RandomForestClassifier, clean: np.ndarray) -> np.ndarray:
    """rows x 3, in the order of ACTIONS; 0 for an action that no row of the past was labelled."""
    known = model.predict_proba(clean)
    all_actions = np.zeros((len(clean), len(ACTIONS)))
    all_actions[:, model.classes_] = known
    return all_actions
