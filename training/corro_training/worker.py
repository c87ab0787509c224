"""The trainer: a Temporal worker of one activity, on the queue `<namespace>-training`.

    python -m corro_training.worker

Settings come from the environment (`environment.py`), log lines are JSON, `GET /health` answers on
CORRO_HEALTH_PORT. SIGTERM ends what runs and then this process, with code 0; a fault ends it with
code 1, and whoever watches it starts another.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from datetime import timedelta

from temporalio.client import Client
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.worker import Worker

from .blobs import look
from .environment import BadSettings, Environment, read_environment
from .health import Health, Unwell
from .log import start_log
from .strict_json import STRICT
from .trainer import Trainer, sweep

CONNECT_WITHIN_SECONDS = 60
RETRY_SECONDS = 0.25
GRACE_SECONDS = 8


def main() -> int:
    os.environ["TZ"] = "UTC"
    time.tzset()
    try:
        environment = read_environment()
    except BadSettings as error:
        start_log("info").critical(str(error))
        return 1
    log = start_log(environment.log_level)
    try:
        sweep(environment.folder)
        asyncio.run(serve(environment, log))
        code = 0
    except BaseException:
        log.critical("stopping after a fault", exc_info=True)
        code = 1
    sys.stdout.flush()
    # A connection of the client's own threads may hold the process back for ever.
    os._exit(code)


async def serve(environment: Environment, log: logging.Logger) -> None:
    """Until a signal comes, or the worker stops by itself."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, lambda: end(stop))
    health = Health()
    port = await health.serve(environment.health_port)
    starting = asyncio.create_task(start(environment, log))
    worker, trainer = await unless(stop, starting)
    if worker is None:
        return
    running = asyncio.create_task(worker.run())

    def facts() -> dict:
        if running.done():
            raise Unwell("the Temporal worker has stopped")
        return {"taskQueue": environment.task_queue, "training": trainer.progress}

    health.facts = facts
    log.info("ready", extra={"facts": {"healthPort": port, "taskQueue": environment.task_queue}})
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        await running
        raise RuntimeError("the Temporal worker stopped by itself")
    await worker.shutdown()
    log.info("stopped")


async def start(environment: Environment, log: logging.Logger) -> tuple[Worker, Trainer]:
    give_up_at = time.monotonic() + CONNECT_WITHIN_SECONDS
    client = await connect(environment, give_up_at)
    await asyncio.to_thread(look, environment.postgres_url)
    trainer = Trainer(environment, log)
    worker = Worker(
        client,
        task_queue=environment.task_queue,
        activities=[trainer.train_model],
        # One fit takes a whole core and much memory.
        max_concurrent_activities=1,
        # Every beat reaches the server, and every answer to one may be a cancellation.
        max_heartbeat_throttle_interval=timedelta(seconds=1),
        default_heartbeat_throttle_interval=timedelta(seconds=1),
        graceful_shutdown_timeout=timedelta(0),
    )
    return worker, trainer


async def connect(environment: Environment, give_up_at: float) -> Client:
    core = LogForwardingConfig(logger=logging.getLogger("temporalio.core"))
    levels = TelemetryFilter(core_level="WARN", other_level="ERROR")
    telemetry = TelemetryConfig(logging=LoggingConfig(filter=levels, forwarding=core))
    runtime = Runtime(telemetry=telemetry)
    while True:
        try:
            return await Client.connect(
                environment.temporal_address,
                namespace=environment.temporal_namespace,
                data_converter=STRICT,
                runtime=runtime,
            )
        except RuntimeError:
            if time.monotonic() > give_up_at:
                raise
            await asyncio.sleep(RETRY_SECONDS)


async def unless(
    stop: asyncio.Event, starting: "asyncio.Task[tuple[Worker, Trainer]]"
) -> tuple[Worker, Trainer] | tuple[None, None]:
    """What has started, or nothing when it was told to stop before."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        stopping.cancel()
        return await starting
    starting.cancel()
    return None, None


def end(stop: asyncio.Event) -> None:
    """A stop that hangs, because a server is away, is cut off."""
    stop.set()
    timer = threading.Timer(GRACE_SECONDS, os._exit, args=(1,))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    sys.exit(main())
