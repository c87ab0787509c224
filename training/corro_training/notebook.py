"""Executes a notebook from its first cell to its last, as a reader would.

    python -m corro_training.notebook docs/notebooks/read-a-backtest.ipynb [--out executed.ipynb]

Prints one line of JSON: figures drawn, words printed. Exit code 1 and the cell's traceback when a
cell fails. The notebook itself is not changed: what it says of one machine's data is not kept.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

CELL_SECONDS = 600


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="corro_training.notebook")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args(arguments)
    notebook = nbformat.read(asked.notebook, as_version=4)
    client = NotebookClient(notebook, timeout=CELL_SECONDS, startup_timeout=CELL_SECONDS)
    try:
        with tempfile.TemporaryDirectory(prefix="corro-", dir="/tmp") as folder:
            # Its kernel is spoken to through sockets in a folder of its own, not through ports that
            # others could reach. Their names must be short.
            os.environ["JUPYTER_RUNTIME_DIR"] = folder
            client.create_kernel_manager().transport = "ipc"
            client.execute()
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if asked.out:
            nbformat.write(notebook, asked.out)
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    figures = sum("image/png" in one.get("data", {}) for one in outputs)
    said = "".join(text_of(one) for one in outputs)
    print(json.dumps({"figures": figures, "said": said}))
    return 0


def text_of(output: dict) -> str:
    return output.get("text", "") or output.get("data", {}).get("text/plain", "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
