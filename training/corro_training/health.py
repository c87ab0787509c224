"""`GET /health`, as workers/process.ts answers it: 200 and `ready: true` with facts, or 503 and
`ready: false`."""

import asyncio
import json
import os
from collections.abc import Callable

REQUEST_SECONDS = 5
LONGEST_REQUEST = 8_192


class Unwell(Exception):
    """The worker is up and not well; the text says why."""


class Health:
    """`facts` is `None` until the worker serves, and throws `Unwell`."""

    def __init__(self) -> None:
        self.facts: Callable[[], dict] | None = None

    async def serve(self, port: int) -> int:
        """Starts to answer on this machine alone; the port it listens on."""
        server = await asyncio.start_server(self.answer, "127.0.0.1", port, limit=LONGEST_REQUEST)
        return server.sockets[0].getsockname()[1]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), REQUEST_SECONDS)
            status, body = self.reply(head.split(b"\r\n", 1)[0].decode("latin-1"))
            content = json.dumps(body).encode()
            lines = [
                f"HTTP/1.1 {status}",
                "content-type: application/json",
                f"content-length: {len(content)}",
                "connection: close",
            ]
            writer.write("\r\n".join([*lines, "", ""]).encode() + content)
            await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass
        finally:
            writer.close()

    def reply(self, request: str) -> tuple[str, dict]:
        if request.split(" ")[1:2] != ["/health"]:
            return "404 Not Found", {"error": "only GET /health is served here"}
        if self.facts is None:
            return "503 Service Unavailable", {"ready": False}
        try:
            return "200 OK", {"ready": True, "pid": os.getpid(), **self.facts()}
        except Unwell as error:
            return "503 Service Unavailable", {"ready": False, "error": str(error)}
