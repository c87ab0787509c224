"""Folds that were finished, kept on this machine until their run ends: a trainer that was killed
does not fit them again. A run id names data, code and configuration, so what is kept under it can
be of no other run; what is damaged is fitted anew."""

import hashlib
import os
from pathlib import Path

import numpy as np

from .messages import FoldMetrics
from .table import BadTable, read_table, table_bytes

FORMAT = "corro-fold-1"


class KeptFolds:
    def __init__(self, folder: Path | None, columns: tuple[str, ...]) -> None:
        self.folder = folder
        self.columns = columns
        # Numbers of the folds that were found here.
        self.found: list[int] = []

    def read(self, number: int) -> tuple[FoldMetrics, np.ndarray] | None:
        if self.folder is None:
            return None
        try:
            header, rows = read_table(self.path(number).read_bytes(), FORMAT)
            sound = header["columns"] == list(self.columns) and header["sha256"] == hash_of(rows)
            metrics = header["metrics"]
        except (OSError, BadTable, KeyError):
            return None
        if not sound or metrics.get("fold") != number:
            return None
        self.found.append(number)
        return metrics, rows

    def write(self, number: int, metrics: FoldMetrics, rows: np.ndarray) -> None:
        """Whoever reads sees all of it or nothing. A disk that is full loses only time."""
        if self.folder is None:
            return
        header = {
            "format": FORMAT,
            "rows": len(rows),
            "columns": list(self.columns),
            "metrics": metrics,
            "sha256": hash_of(rows),
        }
        own = self.path(number).with_suffix(f".{os.getpid()}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            own.write_bytes(table_bytes(header, rows))
            own.replace(self.path(number))
        except OSError:
            own.unlink(missing_ok=True)

    def path(self, number: int) -> Path:
        return self.folder / f"fold-{number}"


def hash_of(rows: np.ndarray) -> str:
    return hashlib.sha256(rows.astype("<f8").tobytes()).hexdigest()
