"""What a run is configured with: proto/learning.ts, `TrainerSettings`, and what we fix."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    seed: int = 7
    trees: int = 100
    # Blocks of the walk-forward validation.
    folds: int = 5
    # Candles left out between what a fold learns from and what it is tested on.
    embargo_candles: int = 12
    # Of each tree of the forest.
    depth: int = 6
