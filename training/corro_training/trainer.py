"""The activity `trainModel`: from a matrix by its hash to a model and its validation by theirs."""

import asyncio
import contextlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from .blobs import WrongBlob, put_blobs, read_blob
from .environment import Environment
from .fitter import Fit, FitterFailed, Job, Unfit, fit_apart
from .messages import ACTIVITY, BAD_MATRIX, BadOrder, TrainedModel, TrainProgress, read_order
from .run_id import run_id
from .settings import Settings

BEAT_SECONDS = 1.0
# A run that nobody came back to.
FORGOTTEN_SECONDS = 7 * 86_400


class Trainer:
    def __init__(self, environment: Environment, log: logging.Logger) -> None:
        self.environment = environment
        self.log = log
        # What runs now, for /health.
        self.progress: TrainProgress | None = None

    @activity.defn(name=ACTIVITY)
    async def train_model(self, order: Any) -> TrainedModel:
        """Fails for good with `BadMatrix` when the matrix cannot be learned from and `BadOrder`
        when the order is none; with anything else another attempt may do better."""
        try:
            matrix_hash, settings = read_order(order)
        except BadOrder as error:
            raise ApplicationError(str(error), type="BadOrder", non_retryable=True) from error
        self.progress = {"stage": "reading", "done": 0, "of": settings.folds + 2, "folds": []}
        beating = asyncio.create_task(self.beat())
        try:
            return await self.run(matrix_hash, settings)
        finally:
            beating.cancel()
            self.progress = None

    async def beat(self) -> None:
        while True:
            activity.heartbeat(self.progress)
            await asyncio.sleep(BEAT_SECONDS)

    async def run(self, matrix_hash: str, settings: Settings) -> TrainedModel:
        folder = self.environment.folder / run_id(matrix_hash, settings)
        self.log.info("training", extra={"facts": {"matrix": matrix_hash, "run": folder.name}})
        try:
            with working_folder(folder) as work:
                fit = await self.fit(
                    matrix_hash,
                    settings,
                    Job(matrix=work / "matrix.bin", settings=settings, kept=folder, folder=work),
                )
            await self.store(fit)
        except (Unfit, WrongBlob) as error:
            forget(folder)
            self.log.warning("the matrix is refused", extra={"facts": {"why": str(error)}})
            raise ApplicationError(str(error), type=BAD_MATRIX, non_retryable=True) from error
        except FitterFailed as error:
            self.log.error("fitting failed", extra={"facts": {"why": str(error)}})
            raise ApplicationError(str(error), type="FitterFailed") from error
        except asyncio.CancelledError:
            details = activity.cancellation_details()
            if details is not None and details.cancel_requested:
                forget(folder)
                self.log.info("cancelled", extra={"facts": {"run": folder.name}})
                raise
            # Whoever takes it next finds the folds that are done.
            self.log.warning("interrupted", extra={"facts": {"run": folder.name}})
            raise ApplicationError("the trainer was stopped", type="TrainerStopped") from None
        forget(folder)
        self.log.info("trained", extra={"facts": {"model": fit.told["modelHash"]}})
        return fit.told

    async def fit(self, matrix_hash: str, settings: Settings, job: Job) -> Fit:
        url = self.environment.postgres_url
        job.matrix.write_bytes(await asyncio.to_thread(read_blob, url, matrix_hash, "matrix"))

        def on_progress(progress: TrainProgress) -> None:
            self.progress = progress
            self.log.info(progress["stage"], extra={"facts": {"done": progress["done"]}})

        return await fit_apart(job, on_progress, self.environment.silence_seconds, self.log)

    async def store(self, fit: Fit) -> None:
        now = self.progress
        self.progress = {**now, "stage": "storing", "done": now["of"], "folds": fit.told["folds"]}
        blobs = [("model", fit.model), ("validation", fit.validation)]
        await asyncio.to_thread(put_blobs, self.environment.postgres_url, blobs)


@contextlib.contextmanager
def working_folder(run: Path) -> Iterator[Path]:
    """A folder of this attempt alone: one that was taken for dead may still be at work."""
    run.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.utime(run)
    work = Path(tempfile.mkdtemp(prefix="work-", dir=run))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def forget(run: Path) -> None:
    """This run is over, for good or ill."""
    shutil.rmtree(run, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Runs that were left long ago. Makes the folder, which nobody else may look into."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    for run in folder.iterdir():
        if time.time() - run.stat().st_mtime > FORGOTTEN_SECONDS:
            forget(run)
