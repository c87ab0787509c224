"""What a model file says of itself: core/models/contract.ts, `ModelCard`."""

from .matrix import Matrix
from .run_id import canonical, run_id
from .settings import Settings

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
        "runId": run_id(matrix.hash, settings),
    }
    return {KEY: canonical(card)}
