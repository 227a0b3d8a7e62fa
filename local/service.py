"""The service itself, as one process: the app behind HTTP, its scheduled functions and its queue worker."""

import importlib
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

import boto3
import msgspec
from chalice.app import Chalice
from chalice.cli.factory import CLIFactory
from chalice.config import Config

from chalicelib import log, settings
from chalicelib.settings import Settings, SettingsError
from local import banner, functions, gateway
from local.backends import ROOT
from local.schedule import Schedule
from local.worker import SqsQueue, Worker

STAGE = "dev"  # the stage that plain `chalice local` takes too
PATIENCE_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Service:
    """Everything that runs in this process besides the main thread."""

    def __init__(self, app: Chalice, config: Config, chosen: Settings, queue_url: str) -> None:
        """Raises OSError when the port is taken."""
        self._server = gateway.create(app, config, chosen.port)
        self._schedule = Schedule(functions.scheduled(app, config, STAGE), chosen.tick_seconds)
        client = boto3.client("sqs")
        self._workers = [
            Worker(SqsQueue(client, queue_url), function) for function in functions.of_queue(app, config, STAGE)
        ]

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="http", daemon=True).start()
        self._schedule.start()
        for worker in self._workers:
            worker.start()

    def stop(self, seconds: float) -> bool:
        """Take nothing new, and give what is under way so long to finish; False when something did not."""
        deadline = time.monotonic() + seconds
        self._schedule.stop()
        for worker in self._workers:
            worker.stop()
        self._server.shutdown()
        self._server.server_close()
        calm = self._server.wait_calm(max(0.0, deadline - time.monotonic()))
        calm &= self._schedule.wait(deadline)
        for worker in self._workers:
            calm &= worker.wait(max(0.0, deadline - time.monotonic()))
        return calm


def main() -> int:
    """Run until told to stop. What is slow to load is loaded while the backends still start."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    chosen = settings.load(os.environ, Path(".env"))
    log.configure(chosen)
    app: Chalice = importlib.import_module("app").app
    wiring = importlib.import_module("chalicelib.wiring")
    go = sys.stdin.readline()
    if not go:
        return 1  # nobody is there any more
    try:
        operator_key = wiring.bootstrap()
        config = CLIFactory(str(ROOT)).create_config_obj(STAGE)
        service = Service(app, config, chosen, os.environ["SHOPPER_QUEUE_URL"])
    except (SettingsError, OSError) as error:
        print(f"cannot start: {error}", file=sys.stderr)
        return 1
    if go.strip():  # an empty line: somebody else does the talking
        scene = msgspec.json.decode(go, type=banner.Scene)
        print(banner.render(chosen, scene, operator_key), flush=True)
    service.start()
    stop.wait()
    if not service.stop(PATIENCE_SECONDS):
        logger.warning("something was still at work after %g s; the next start carries on with it", PATIENCE_SECONDS)
    # Threads that did not come back must not hold up the end.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
