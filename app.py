"""The surface: every route, schedule and queue, one row each."""

import logging
from collections.abc import Callable

from chalice.app import Chalice, CloudWatchEvent, Rate, Request, Response, SQSEvent

from chalicelib import sweeps
from chalicelib.api.routes import ROUTES
from chalicelib.wiring import ports

log = logging.getLogger("chalicelib.app")

app = Chalice(app_name="cloud-gpu-shopper", configure_logs=False)  # chalicelib.log has its records


def answer(request: Request, after: Callable[[Request], Response]) -> Response:
    """Every request. Imported late, like all that stands behind a row: a sweep's function must not pay for it."""
    from chalicelib.api.dispatch import Dispatch

    return Dispatch(ROUTES, ports)(request, after)


app.register_middleware(answer, "http")

for row in ROUTES:
    app.route(row.path, methods=[row.method], name=f"{row.method} {row.path}")(row)


@app.schedule(Rate(1, unit=Rate.MINUTES), name="launch")
def launch(_: CloudWatchEvent) -> None:
    sweeps.wake("launch", ports())


@app.schedule(Rate(1, unit=Rate.MINUTES), name="expire")
def expire(_: CloudWatchEvent) -> None:
    sweeps.wake("expire", ports())


@app.schedule(Rate(1, unit=Rate.MINUTES), name="terminate")
def terminate(_: CloudWatchEvent) -> None:
    sweeps.wake("terminate", ports())


@app.schedule(Rate(1, unit=Rate.MINUTES), name="watch")
def watch(_: CloudWatchEvent) -> None:
    sweeps.wake("watch", ports())


@app.schedule(Rate(1, unit=Rate.MINUTES), name="reconcile")  # five minutes after a good pass, one after a failed
def reconcile(_: CloudWatchEvent) -> None:
    sweeps.wake("reconcile", ports())


@app.schedule(Rate(5, unit=Rate.MINUTES), name="accrue")
def accrue(_: CloudWatchEvent) -> None:
    sweeps.wake("accrue", ports())


@app.schedule(Rate(1440, unit=Rate.MINUTES), name="invoice")
def invoice(_: CloudWatchEvent) -> None:
    sweeps.wake("invoice", ports())


@app.schedule(Rate(15, unit=Rate.MINUTES), name="janitor")
def janitor(_: CloudWatchEvent) -> None:
    sweeps.wake("janitor", ports())


@app.schedule(Rate(1, unit=Rate.MINUTES), name="alert")
def alert(_: CloudWatchEvent) -> None:
    sweeps.wake("alert", ports())


@app.schedule(Rate(1, unit=Rate.MINUTES), name="inventory")
def inventory(_: CloudWatchEvent) -> None:
    sweeps.wake("inventory", ports())


# The full ARN is a stand-in: the template puts the queue of its own stage there. A queue's name alone would
# become a function in the template that nothing can replace, and stages would share the queue.
@app.on_sqs_message(queue_arn="arn:aws:sqs:us-east-1:000000000000:shopper-wakeups", name="worker", batch_size=1)
def worker(event: SQSEvent) -> dict[str, list[dict[str, str]]]:
    """A message that fails is named, so that it alone is delivered again; the others of its batch are done."""
    from chalicelib.sweeps import messages

    failed = []
    for record in event:
        try:
            messages.handle(ports(), record.body)
        except Exception:
            log.exception("a wake-up failed")
            failed.append({"itemIdentifier": str(record.to_dict()["messageId"])})
    return {"batchItemFailures": failed}
