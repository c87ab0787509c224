"""What a model file says of itself: core/models/contract.ts, `ModelCard`."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from .matrix import Matrix
from .models import Settings

CONTRACT = 1
KEY = "corro"


def metadata_of(matrix: Matrix, settings: Settings) -> dict[str, str]:
    header = matrix.header
    features = header["features"]
    card = {
        "contract": CONTRACT,
        "features": {key: features[key] for key in ("version", "hash", "names")},
        "label": header["label"],
        "data": {
            "hash": matrix.hash,
            "rows": matrix.rows,
            "timeframe": header["timeframe"],
            "symbols": header["symbols"],
            "fromMs": int(matrix.close_ms.min()),
            "toMs": int(matrix.settled_ms.max()),
        },
        "runId": digest([matrix.hash, code_hash(), asdict(settings)]),
    }
    return {KEY: canonical(card)}


def code_hash() -> str:
    """Of this package and of the packages it was fitted with."""
    folder = Path(__file__).parent
    files = [*sorted(folder.glob("*.py")), folder.parent / "requirements.txt"]
    return digest([[one.name, hashlib.sha256(one.read_bytes()).hexdigest()] for one in files])


def digest(value: object) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
