"""Matrices, models and validations by the sha256 of their bytes, in the table `blobs`: the only
table the trainer's role may touch."""

import hashlib

import psycopg

CONNECT_SECONDS = 10
# Half a gigabyte over a slow line; and never for ever.
STATEMENT_MS = 120_000


class WrongBlob(Exception):
    """What was asked for is not there, or is not what it is called. The text says which."""


def look(url: str) -> None:
    """Throws `psycopg.Error` when the database cannot be reached, or not as this role."""
    with connect(url) as connection:
        connection.execute("select hash from blobs limit 0")


def read_blob(url: str, sha256: str, kind: str) -> bytes:
    """Throws `WrongBlob`, and `psycopg.Error` when the database is away."""
    with connect(url) as connection, connection.cursor(binary=True) as cursor:
        cursor.execute("select bytes from blobs where hash = %s and kind = %s", (sha256, kind))
        row = cursor.fetchone()
    if row is None:
        raise WrongBlob(f"there is no {kind} {sha256}")
    content = bytes(row[0])
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise WrongBlob(f"{kind} {sha256} has sha256 {found}: it was changed")
    return content


def put_blobs(url: str, blobs: list[tuple[str, bytes]]) -> None:
    """All of them or none, as pairs of kind and content; what is there already stays as it is."""
    with connect(url) as connection:
        for kind, content in blobs:
            connection.execute(
                "insert into blobs (hash, kind, bytes) values (%s, %s, %b) on conflict do nothing",
                (hashlib.sha256(content).hexdigest(), kind, content),
            )


def connect(url: str) -> psycopg.Connection:
    """A connection for one transaction: training takes minutes, and nothing is held meanwhile."""
    return psycopg.connect(
        url,
        connect_timeout=CONNECT_SECONDS,
        application_name="corro trainer",
        options=f"-c statement_timeout={STATEMENT_MS}",
    )
