"""How well answers were, out of sample. Names and meanings: proto/learning.ts, `FoldMetrics`."""

import numpy as np

from .matrix import ACTIONS, Matrix, iso
from .messages import FoldMetrics

# The least share the log score believes in: one basis point, as core/judgement/score.ts has it.
LEAST_SHARE = 1e-4
BUY, SELL, HOLD = range(len(ACTIONS))


def fold_metrics(fold: int, past: Matrix, future: Matrix, answers: np.ndarray) -> FoldMetrics:
    """`answers`: rows x 6 for the rows of `future`, from what was fitted on `past`."""
    shares, magnitude, risk = answers[:, :3], answers[:, 3], answers[:, 5]
    base = np.bincount(past.action, minlength=len(ACTIONS)) / past.rows
    calls = np.argmax(shares, axis=1)
    returns = net_returns(calls, future.move, future.cost)
    return {
        "fold": fold,
        "trainRows": past.rows,
        "testRows": future.rows,
        "testFrom": iso(future.close_ms[0]),
        "testTo": iso(future.close_ms[-1]),
        "brier": brier(shares, future.action),
        "baseBrier": brier(np.tile(base, (future.rows, 1)), future.action),
        "logLoss": log_loss(shares, future.action),
        "accuracy": float(np.mean(calls == future.action)),
        "calls": len(returns),
        "netReturn": float(np.mean(returns)) if len(returns) > 0 else None,
        "magnitudeError": float(np.mean(np.abs(magnitude - future.magnitude))),
        "riskError": float(np.mean(np.abs(risk - future.risk))),
    }


def brier(shares: np.ndarray, action: np.ndarray) -> float:
    """Brier (1950), the original form for several classes: 0 to 2, as core/judgement/score.ts."""
    came = np.eye(len(ACTIONS))[action]
    return float(np.mean(np.sum((shares - came) ** 2, axis=1)))


def log_loss(shares: np.ndarray, action: np.ndarray) -> float:
    """Mean of -ln of the share given to what came (Good 1952)."""
    given = shares[np.arange(len(action)), action]
    return float(np.mean(-np.log(np.maximum(given, LEAST_SHARE))))


def net_returns(calls: np.ndarray, move: np.ndarray, cost: float) -> np.ndarray:
    """Of every BUY and SELL, after costs; a HOLD earns and costs nothing and is not among them."""
    made = calls != HOLD
    return np.where(calls == BUY, move, -move)[made] - cost
