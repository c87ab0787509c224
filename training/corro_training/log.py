"""Log lines as JSON, with the names and levels of the other workers' (pino)."""

import json
import logging
import os
import socket
import sys
import traceback

NAME = "trainer"
LEVELS = {"debug": 20, "info": 30, "warn": 40, "error": 50, "fatal": 60}
OURS = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warn",
    logging.ERROR: "error",
    logging.CRITICAL: "fatal",
}


class JsonLines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__()
        self.host = socket.gethostname()

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "level": LEVELS[OURS.get(record.levelno, "info")],
            "time": int(record.created * 1_000),
            "pid": os.getpid(),
            "hostname": self.host,
            "name": NAME,
            **getattr(record, "facts", {}),
            "msg": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            stack = "".join(traceback.format_exception(error))
            line["err"] = {"type": type(error).__name__, "message": str(error), "stack": stack}
        return json.dumps(line, default=str)


def start_log(level: str) -> logging.Logger:
    """What libraries warn of comes as the same lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    log = logging.getLogger("corro")
    log.setLevel({name: number for number, name in OURS.items()}[level])
    return log
