"""Runs the fit in a process of its own, and watches it: a model is made or nothing is left."""

import asyncio
import json
import logging
import os
import platform
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from .child import MODEL, VALIDATION
from .messages import TrainedModel, TrainProgress
from .settings import Settings

LONGEST_LINE = 1_000_000
WORDS_KEPT = 20

# Sums are taken in one order: on one thread.
REPRODUCIBLE = {
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
# And by instructions that every machine of a kind has: OpenBLAS and numpy would choose by the
# processor they find, and answers would differ in their last bits.
OF_EVERY_MACHINE = {
    "x86_64": {
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3,X86_V4,AVX512_ICL,AVX512_SPR",
    },
    "aarch64": {"OPENBLAS_CORETYPE": "ARMV8"},
}
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH")


class Unfit(Exception):
    """The matrix cannot be learned from; the text says why."""


class FitterFailed(Exception):
    """The process ended or fell silent before it was done: another attempt may do better."""


@dataclass(frozen=True)
class Job:
    matrix: Path
    settings: Settings
    # Of finished folds: may hold some already.
    kept: Path
    # Where what is made goes; this job's alone.
    folder: Path


@dataclass(frozen=True)
class Fit:
    told: TrainedModel
    model: bytes
    validation: bytes


async def fit_apart(
    job: Job,
    on_progress: Callable[[TrainProgress], None],
    silence_seconds: float,
    log: logging.Logger,
) -> Fit:
    """Throws `Unfit`, `FitterFailed`. However this ends, the process has ended too."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-m", "corro_training.child"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=surroundings(),
        limit=LONGEST_LINE,
    )
    log.info("fitting", extra={"facts": {"child": process.pid}})
    words: deque[str] = deque(maxlen=WORDS_KEPT)
    listening = asyncio.create_task(listen(process.stderr, words))
    try:
        told = {
            "matrix": str(job.matrix),
            "settings": asdict(job.settings),
            "kept": str(job.kept),
            "folder": str(job.folder),
        }
        process.stdin.write(f"{json.dumps(told)}\n".encode())
        return await follow(process, job, on_progress, silence_seconds, log)
    except (FitterFailed, ConnectionError) as error:
        said = " | ".join(words)
        raise FitterFailed(f"{error}{f': {said}' if said else ''}") from error
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        listening.cancel()


async def follow(
    process: asyncio.subprocess.Process,
    job: Job,
    on_progress: Callable[[TrainProgress], None],
    silence_seconds: float,
    log: logging.Logger,
) -> Fit:
    while True:
        try:
            line = await asyncio.wait_for(process.stdout.readline(), silence_seconds)
        except TimeoutError as error:
            text = f"the fitting process said nothing for {silence_seconds:g} s: it hangs"
            raise FitterFailed(text) from error
        if line == b"":
            raise FitterFailed(f"the fitting process ended early ({await how_ended(process)})")
        message = json.loads(line)
        if "progress" in message:
            on_progress(message["progress"])
        elif "bad" in message:
            raise Unfit(message["bad"])
        elif "done" in message:
            if message["kept"]:
                log.info("folds of an earlier attempt", extra={"facts": {"folds": message["kept"]}})
            made = [(job.folder / name).read_bytes() for name in (MODEL, VALIDATION)]
            return Fit(message["done"], *made)


async def how_ended(process: asyncio.subprocess.Process) -> str:
    code = await process.wait()
    if code == -9:
        return "killed: out of memory?"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


async def listen(stream: asyncio.StreamReader, words: deque[str]) -> None:
    """The last of what it says on standard error; read on, so that it never has to wait."""
    while True:
        try:
            line = await stream.readline()
        except ValueError:
            continue
        if line == b"":
            return
        words.append(line.decode(errors="replace").strip()[:500])


def surroundings() -> dict[str, str]:
    """Nothing of the worker's own environment that is a secret."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    common = OF_EVERY_MACHINE.get(platform.machine(), {})
    return {**passed, **common, **REPRODUCIBLE, "CORRO_PARENT": str(os.getpid())}
