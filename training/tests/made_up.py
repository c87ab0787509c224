"""A matrix of made-up rows, in which the first feature tells a little of what comes."""

import numpy as np

from corro_training.matrix import ANSWERS, FACTS, FORMAT, Matrix, parse_matrix
from corro_training.table import table_bytes

NAMES = ["tells", "noise", "sometimes", "hour_of_day"]
MINUTE_MS = 60_000


def columns_of(rows: int = 700, seed: int = 1) -> dict[str, np.ndarray]:
    """Column by column, in order; a row a minute, whose label settles within five."""
    random = np.random.default_rng(seed)
    close = 1_700_000_000_000 + MINUTE_MS * np.arange(rows) - 1.0
    tells = random.normal(size=rows)
    move = 0.004 * tells + random.normal(scale=0.004, size=rows)
    sometimes = random.normal(size=rows)
    sometimes[random.random(rows) < 0.2] = np.nan
    return {
        "closeTimeMs": close,
        "settledAtMs": close + MINUTE_MS * random.integers(1, 6, size=rows),
        "tells": tells,
        "noise": random.normal(size=rows),
        "sometimes": sometimes,
        "hour_of_day": (close // MINUTE_MS % 1_440) / 1_440,
        "action": np.where(move > 0.003, 0.0, np.where(move < -0.003, 1.0, 2.0)),
        "move": move,
        "magnitude": np.abs(move),
        "risk": np.clip(0.002 - move, 0, 1) + 0.0001,
    }


def header_of(columns: dict[str, np.ndarray]) -> dict:
    return {
        "format": FORMAT,
        "rows": len(columns["action"]),
        "columns": [*FACTS, *NAMES, *ANSWERS],
        "features": {
            "version": 1,
            "hash": "f" * 64,
            "names": NAMES,
            "low": [-5, -5, -5, 0],
            "high": [5, 5, 5, 1],
        },
        "label": {
            "targetAtrs": 2,
            "stopAtrs": 2,
            "horizonCandles": 5,
            "roundTripCost": 0.0005,
        },
        "timeframe": "1m",
        "symbols": ["A/B"],
    }


def bytes_of(columns: dict[str, np.ndarray], header: dict | None = None) -> bytes:
    return table_bytes(header or header_of(columns), np.column_stack(list(columns.values())))


def matrix_of(columns: dict[str, np.ndarray]) -> Matrix:
    return parse_matrix(bytes_of(columns))
