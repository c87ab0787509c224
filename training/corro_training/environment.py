"""What the trainer is told by its environment: the names and meanings of workers/settings.ts."""

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LOG_LEVELS = ("debug", "info", "warn", "error")


@dataclass(frozen=True)
class Environment:
    postgres_url: str
    temporal_address: str
    temporal_namespace: str
    # First token of the task queue: two rings can share one Temporal.
    namespace: str
    # 0: any free port.
    health_port: int
    log_level: str
    # Where unfinished runs are kept until somebody finishes them.
    folder: Path
    # A fitting process that says nothing for so long is taken for hung.
    silence_seconds: float

    @property
    def task_queue(self) -> str:
        return f"{self.namespace}-training"


class BadSettings(Exception):
    """The text names every variable that is wrong, and never what was in it."""


def read_environment(variables: Mapping[str, str] = os.environ) -> Environment:
    faults: list[str] = []

    def get(name: str, preset: str | None, says: str, valid: Callable[[str], bool]) -> str:
        value = variables.get(name, "" if preset is None else preset)
        if valid(value):
            return value
        faults.append(f"{name}: {says}" if name in variables else f"{name}: must be set")
        return preset or "0"

    def fits(pattern: str) -> Callable[[str], bool]:
        return lambda value: re.fullmatch(pattern, value) is not None

    def whole(value: str) -> bool:
        return fits(r"[0-9]{1,5}")(value) and int(value) <= 65_535

    def seconds(value: str) -> bool:
        return fits(r"[0-9]{1,5}")(value) and int(value) >= 2

    own = f"corro-training-{os.getuid()}"
    read = Environment(
        postgres_url=get("CORRO_POSTGRES_URL", None, "must be a postgres:// URL", is_postgres),
        temporal_address=get(
            "CORRO_TEMPORAL_ADDRESS", None, "must be host:port", fits(r"[^:\s]+:[0-9]+")
        ),
        temporal_namespace=get("CORRO_TEMPORAL_NAMESPACE", "default", "must be a name", bool),
        namespace=get(
            "CORRO_NAMESPACE",
            "corro",
            "must be a-z then up to 19 of a-z 0-9",
            fits(r"[a-z][a-z0-9]{0,19}"),
        ),
        health_port=int(get("CORRO_HEALTH_PORT", "0", "must be a port, 0 to 65535", whole)),
        log_level=get(
            "CORRO_LOG_LEVEL",
            "info",
            f"must be one of {', '.join(LOG_LEVELS)}",
            LOG_LEVELS.__contains__,
        ),
        folder=Path(
            get("CORRO_TRAINING_DIR", f"{tempfile.gettempdir()}/{own}", "must be a path", bool)
        ),
        silence_seconds=float(
            get("CORRO_TRAINING_SILENCE_SECONDS", "60", "must be whole seconds from 2", seconds)
        ),
    )
    if faults:
        raise BadSettings("settings are wrong:\n  " + "\n  ".join(faults))
    return read


def is_postgres(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("postgres", "postgresql") and bool(parts.hostname)
