"""If these fail, a model depends on the machine it was made on, or a training that hangs is taken
for one that works."""

import asyncio
import logging
import os
import signal
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from corro_training import fitter
from corro_training.fitter import Fit, FitterFailed, Job, Unfit, fit_apart
from corro_training.settings import Settings

from .made_up import bytes_of, columns_of

SETTINGS = Settings(trees=3, folds=2)


class Hearing(logging.Logger):
    """Does something with the child the moment it is there."""

    def __init__(self, act: Callable[[int], None]) -> None:
        super().__init__("test")
        self.child = 0
        self.act = act

    def info(self, message: str, *_: object, extra: dict) -> None:
        if message == "fitting":
            self.child = extra["facts"]["child"]
            self.act(self.child)


def fitted(raw: bytes, act: Callable[[int], None] = lambda pid: None, silence: float = 60) -> Fit:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "matrix.bin").write_bytes(raw)
        job = Job(folder / "matrix.bin", SETTINGS, folder / "kept", folder)
        hearing = Hearing(act)
        try:
            return asyncio.run(fit_apart(job, lambda progress: None, silence, hearing))
        finally:
            with unittest.TestCase().assertRaises(ProcessLookupError):
                os.kill(hearing.child, 0)


class Fitter(unittest.TestCase):
    def test_same_bytes_again_and_with_other_threads(self) -> None:
        raw = bytes_of(columns_of())
        first, again = fitted(raw), fitted(raw)
        threads = {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "2", "PYTHONHASHSEED": "5"}
        with mock.patch.dict(fitter.REPRODUCIBLE, threads):
            other = fitted(raw)
        for one in (again, other):
            self.assertEqual(one, first)

    def test_nothing_secret_is_passed_on(self) -> None:
        with mock.patch.dict(os.environ, {"CORRO_POSTGRES_URL": "postgres://u:secret@h/d"}):
            self.assertNotIn("secret", str(fitter.surroundings()))

    def test_a_child_that_stands_still_is_noticed(self) -> None:
        with self.assertRaisesRegex(FitterFailed, "said nothing for 2 s: it hangs"):
            fitted(bytes_of(columns_of()), lambda pid: os.kill(pid, signal.SIGSTOP), silence=2)

    def test_a_child_that_is_killed_is_noticed(self) -> None:
        with self.assertRaisesRegex(FitterFailed, "ended early .killed: out of memory"):
            fitted(bytes_of(columns_of()), lambda pid: os.kill(pid, signal.SIGKILL))

    def test_what_cannot_be_learned_from_says_why(self) -> None:
        with self.assertRaisesRegex(Unfit, "must have at least 500 rows, had 30"):
            fitted(bytes_of(columns_of(rows=30)))
