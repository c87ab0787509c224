"""A run is its data, its code and its configuration: whoever has the same has the same model."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from .settings import Settings


def run_id(matrix_hash: str, settings: Settings) -> str:
    return digest([matrix_hash, code_hash(), asdict(settings)])


def code_hash() -> str:
    """Of this package and of the packages it runs with, as requirements.txt pins them."""
    folder = Path(__file__).parent
    files = [*sorted(folder.glob("*.py")), folder.parent / "requirements.txt"]
    return digest([[one.name, hashlib.sha256(one.read_bytes()).hexdigest()] for one in files])


def digest(value: object) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
