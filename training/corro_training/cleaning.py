"""What is done to features before any model sees them; graph.py does the same inside the file."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Cleaning:
    """Rows of 32-bit floats, one value a feature."""

    fill: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def apply(self, features: np.ndarray) -> np.ndarray:
        filled = np.where(np.isnan(features), self.fill, features)
        return np.minimum(np.maximum(filled, self.low), self.high).astype(np.float32)


def cleaning_of(features: np.ndarray, header: dict) -> Cleaning:
    """Fills with the median of what is known; with 0 where nothing is."""
    known = ~np.isnan(features)
    fill = np.zeros(features.shape[1], dtype=np.float32)
    for column in range(features.shape[1]):
        values = features[known[:, column], column]
        if len(values) > 0:
            fill[column] = np.median(values)
    low = np.asarray(header["features"]["low"], dtype=np.float32)
    high = np.asarray(header["features"]["high"], dtype=np.float32)
    return Cleaning(fill=fill, low=low, high=high)
