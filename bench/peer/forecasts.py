"""The peer of serving: the same four scikit-learn models behind FastAPI, as most would serve them.

    python forecasts.py fit MATRIX PICKLE [--trees N]
    python forecasts.py serve PICKLE PORT

`fit` learns from a matrix what `corro_training.export` learns from it: the same code and seed.
"""

import pickle
import sys
from pathlib import Path

import numpy as np

NAMES = ("buy", "sell", "hold", "magnitude", "confidence", "risk")


def fit(matrix: Path, out: Path, trees: int) -> None:
    from corro_training.matrix import read_matrix
    from corro_training.models import fit as fit_models
    from corro_training.settings import Settings

    fitted = fit_models(read_matrix(matrix), Settings(trees=trees))
    out.write_bytes(pickle.dumps(fitted))


def serve(path: Path, port: int) -> None:
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    fitted = pickle.loads(path.read_bytes())
    app = FastAPI()

    class Row(BaseModel):
        features: list[float | None]

    @app.post("/predict")
    def predict(row: Row) -> dict[str, float]:
        values = [np.nan if value is None else value for value in row.features]
        answer = fitted.answer(np.array([values], dtype=np.float64))[0]
        return dict(zip(NAMES, map(float, answer), strict=True))

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    verb, path, other, *more = sys.argv[1:]
    if verb == "fit":
        fit(Path(path), Path(other), int(more[1]) if more[:1] == ["--trees"] else 100)
    else:
        serve(Path(path), int(other))
