"""proto/learning.ts in Python: plain JSON, names as there. A test holds the two together."""

from typing import TypedDict

from .settings import Settings

ACTIVITY = "trainModel"
BAD_MATRIX = "BadMatrix"


class TrainerSettings(TypedDict):
    seed: int
    trees: int
    folds: int
    embargoCandles: int


class TrainOrder(TypedDict):
    matrixHash: str
    settings: TrainerSettings


class FoldMetrics(TypedDict):
    fold: int
    trainRows: int
    testRows: int
    testFrom: str
    testTo: str
    brier: float
    baseBrier: float
    logLoss: float
    accuracy: float
    calls: int
    netReturn: float | None
    magnitudeError: float
    riskError: float


class TrainProgress(TypedDict):
    stage: str
    done: int
    of: int
    folds: list[FoldMetrics]


class TrainedModel(TypedDict):
    modelHash: str
    graphHash: str
    validationHash: str
    runId: str
    rows: int
    labels: dict[str, int]
    folds: list[FoldMetrics]
    importance: dict[str, float]


MIRRORED = (TrainerSettings, TrainOrder, FoldMetrics, TrainProgress, TrainedModel)

# What an order may ask for, at least and at most.
BOUNDS = {
    "seed": (0, 2**32 - 1),
    "trees": (1, 1_000),
    "folds": (1, 50),
    "embargoCandles": (0, 100_000),
}


class BadOrder(Exception):
    """The order is none; the text says why."""


def read_order(value: object) -> tuple[str, Settings]:
    """The matrix's hash and the settings of a run."""
    if not isinstance(value, dict) or set(value) != set(TrainOrder.__annotations__):
        raise BadOrder("an order must be {matrixHash, settings}")
    matrix_hash, settings = value["matrixHash"], value["settings"]
    if not is_hash(matrix_hash):
        raise BadOrder("matrixHash must be a sha256 in hex")
    if not isinstance(settings, dict) or set(settings) != set(BOUNDS):
        raise BadOrder(f"settings must be {{{', '.join(BOUNDS)}}}")
    for name, (least, most) in BOUNDS.items():
        number = settings[name]
        whole = isinstance(number, int) and not isinstance(number, bool)
        if not whole or not least <= number <= most:
            raise BadOrder(f"{name} must be a whole number from {least} to {most}, was {number!r}")
    return matrix_hash, Settings(
        seed=settings["seed"],
        trees=settings["trees"],
        folds=settings["folds"],
        embargo_candles=settings["embargoCandles"],
    )


def is_hash(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")
