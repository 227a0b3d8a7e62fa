"""SQS, SNS and SSM of the local cloud, in memory: `python -m local.cloud --port N`."""

import argparse
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from local.children import HOST

log = logging.getLogger(__name__)
_PATIENCE = 5.0
_PAUSES = (1.0, 10.0, 60.0)  # seconds, before it is tried again; AWS goes on for an hour

ACCOUNT = "123456789012"
REGION = "us-east-1"
NAME = "shopper-local"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}"

# Longer than the longest invocation, so that nobody gets a message twice while the first is still at work on it.
VISIBILITY_SECONDS = 330
# A wake-up this old is worth nothing: the scheduled functions have long done what it asked for.
RETENTION_SECONDS = 3600


def queue_url(port: int) -> str:
    return f"http://{HOST}:{port}/{ACCOUNT}/{NAME}"


class Deliveries:
    """What the topic posts by, instead of `requests`: as at AWS nobody who publishes waits for a subscriber, and one
    that cannot be reached is nobody else's trouble."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(4, "delivery")

    def post(self, url: str, **request: Any) -> None:
        self._pool.submit(self._deliver, url, request)

    def _deliver(self, url: str, request: dict[str, Any]) -> None:
        for pause in (*_PAUSES, None):
            try:
                requests.post(url, timeout=_PATIENCE, **request).raise_for_status()
            except requests.RequestException as error:
                log.warning("an alert was not delivered to %s: %s", url, type(error).__name__)
                time.sleep(pause or 0.0)
            else:
                return


def main() -> None:
    """Serve until killed. The queue and the topic exist before the port answers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    os.environ["MOTO_PORT"] = str(port)  # moto reads it at import to make up its own URLs

    import moto.sns.models
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends
    from werkzeug.serving import run_simple

    vars(moto.sns.models)["requests"] = Deliveries()
    sqs_backends[ACCOUNT][REGION].create_queue(
        NAME, None, VisibilityTimeout=VISIBILITY_SECONDS, MessageRetentionPeriod=RETENTION_SECONDS
    )
    sns_backends[ACCOUNT][REGION].create_topic(NAME)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    run_simple(
        HOST, port, DomainDispatcherApplication(create_backend_app), threaded=True, request_handler=MotoRequestHandler
    )


if __name__ == "__main__":
    main()
