"""The process that fits: started by `fitter.py` for one run, and gone with it.

It is told its job as one line of JSON, and tells lines of JSON: `beat` every second while it is
alive, `progress`, and at its end `done` or `bad`. What it made it leaves as files. It knows no
database and no secret.
"""

import ctypes
import json
import os
import signal
import sys
import threading
from pathlib import Path

BEAT_SECONDS = 1.0
MODEL, VALIDATION = "model.onnx", "validation.bin"


class Teller:
    """The way to the parent. Whatever else writes to standard output goes to standard error."""

    def __init__(self) -> None:
        self.file = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        self.lock = threading.Lock()

    def tell(self, **message: object) -> None:
        line = json.dumps(message, allow_nan=False)
        with self.lock:
            self.file.write(f"{line}\n")
            self.file.flush()


def main() -> None:
    die_with_parent()
    teller = Teller()
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=end_with_input, daemon=True).start()
    threading.Thread(target=beat, args=(teller,), daemon=True).start()
    run(job, teller)


def run(job: dict, teller: Teller) -> None:
    # What takes seconds to load is loaded once somebody can see that this process lives.
    from .kept import KeptFolds
    from .matrix import BadMatrix, read_matrix
    from .settings import Settings
    from .training import train
    from .validation import COLUMNS

    out = Path(job["folder"])
    try:
        matrix = read_matrix(Path(job["matrix"]))
        kept = KeptFolds(Path(job["kept"]), COLUMNS)
        made = train(
            matrix, Settings(**job["settings"]), kept, lambda now: teller.tell(progress=now)
        )
    except BadMatrix as error:
        teller.tell(bad=str(error))
        return
    (out / MODEL).write_bytes(made.model)
    (out / VALIDATION).write_bytes(made.validation)
    teller.tell(done=made.told, kept=kept.found)


def beat(teller: Teller) -> None:
    wait = threading.Event()
    while not wait.wait(BEAT_SECONDS):
        teller.tell(beat=True)


def end_with_input() -> None:
    """The parent holds the other end: it is gone when this ends."""
    sys.stdin.read()
    os._exit(1)


def die_with_parent() -> None:
    """Linux ends this process the moment its parent is gone, also while it computes without
    looking at its threads. Elsewhere `end_with_input` has to do."""
    if sys.platform != "linux":
        return
    parent_death_signal = 1
    ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGKILL)
    if os.getppid() != int(os.environ["CORRO_PARENT"]):
        os._exit(1)


if __name__ == "__main__":
    main()
