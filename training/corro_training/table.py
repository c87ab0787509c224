"""Numbers as they lie between the trainer and the rest of Corro (core/models/matrix.ts,
adapters/models/validation-file.ts): one line of JSON that says what they are, then little-endian
64-bit floats row by row."""

import json

import numpy as np

from .run_id import canonical


class BadTable(Exception):
    """The bytes are no such table; the text says why."""


def table_bytes(header: dict, numbers: np.ndarray) -> bytes:
    """The same header and numbers are the same bytes."""
    return canonical(header).encode() + b"\n" + numbers.astype("<f8").tobytes()


def read_table(raw: bytes, expected: str) -> tuple[dict, np.ndarray]:
    """The header, and rows x columns. `expected`: the format the header must name."""
    line, _, body = raw.partition(b"\n")
    try:
        header = json.loads(line)
    except ValueError as error:
        raise BadTable("the first line must be JSON") from error
    if not isinstance(header, dict) or header.get("format") != expected:
        raise BadTable(f"must be of format {expected}")
    rows, columns = header.get("rows"), header.get("columns")
    if not is_count(rows) or not is_names(columns):
        raise BadTable("the header must say rows and columns")
    wanted = rows * len(columns) * 8
    if len(body) != wanted:
        raise BadTable(f"must hold {wanted} bytes of numbers, held {len(body)}")
    return header, np.frombuffer(body, dtype="<f8").reshape(rows, len(columns))


def is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_names(value: object) -> bool:
    """A list of different names."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return False
    return len(set(value)) == len(value) > 0
