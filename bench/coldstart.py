"""A cold start of every function from the package alone, by Lambda's own runtime client: CPU of import and first event.

Beside each stands its floor, measured by turns with it: a handler that only imports the frameworks the function cannot
do without, builds the clients it cannot do without, and makes the calls that no first event can do without.
"""

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import Figure, median
from deploy import bundle
from deploy.functions import API, FUNCTIONS
from local.engine import find_engine
from tests.deploy import events
from tests.deploy.stage import Rehearsal, rehearse

_ROUNDS = 7
_FLOORS = {
    "bare": """
import chalice.app, pynamodb.models, pynamodb.transactions
from aws_lambda_powertools import Logger, Metrics
def handler(event, context): return {}
""",
    "table": """
import chalice.app, pynamodb.transactions
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model
from aws_lambda_powertools import Logger, Metrics
class Row(Model):
    class Meta: table_name = "shopper-prod"
    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
def handler(event, context):
    try: Row.get("KEY#none", "ROW", consistent_read=True)
    except Row.DoesNotExist: pass
    return {}
""",
    "market": """
import chalice.app, msgspec, requests
from aws_lambda_powertools import Logger, Metrics
def handler(event, context):
    from botocore.session import get_session
    get_session().create_client("ssm").get_parameters(Names=["/gpu-shopper/prod/signing-keys"], WithDecryption=True)
    return {}
""",
}


def figures() -> Iterator[Figure]:
    binary = find_engine(bundle.ROOT)
    if binary is None:
        raise RuntimeError("the state engine is not installed: run `npm ci`")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        out, code, floors = scratch / "out", scratch / "code", scratch / "floors"
        bundle.package("prod", out)
        yield from _weights(out / bundle.CODE)
        with zipfile.ZipFile(out / bundle.CODE) as archive:
            archive.extractall(code)
        floors.mkdir()
        for name, program in _FLOORS.items():
            (floors / f"floor_{name}.py").write_text(program)
        with rehearse(out, code, binary, scratch / "runtime") as stage:
            yield from _measured(stage, str(floors))


def _weights(archive: Path) -> Iterator[Figure]:
    """What each part of the package weighs in the zip."""
    yield Figure(name="package", figure=archive.stat().st_size / 1e6, unit="MB", note="the zip; the goal is 15")
    sizes: dict[str, int] = {}
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            part = entry.filename.split("/")[0]
            sizes[part] = sizes.get(part, 0) + entry.compress_size
    for part, size in sorted(sizes.items(), key=lambda item: -item[1])[:8]:
        yield Figure(name=f"package: {part}", figure=size / 1e6, unit="MB")


def _measured(stage: Rehearsal, floors: str) -> Iterator[Figure]:
    taken: dict[str, list[float]] = {}
    for _ in range(_ROUNDS):
        for name in _FLOORS:
            stage.invoke(API, {}, f"floor_{name}.handler", floors)
            taken.setdefault(name, []).append(stage.cpu_ms)
        for name in FUNCTIONS:
            stage.invoke(name, _event(name, stage))
            taken.setdefault(name, []).append(stage.cpu_ms)
    for name in _FLOORS:
        yield Figure(name=f"floor {name}: CPU", figure=median(taken[name]), unit="ms", note=f"median of {_ROUNDS}")
    for name in FUNCTIONS:
        floor = "market" if name == "janitor" else "table"
        share = median(taken[name]) / median(taken[floor])
        bare = median(taken[name]) / median(taken["bare"])
        note = f"{share:.2f} × floor {floor}, {bare:.2f} × bare imports"
        yield Figure(name=f"cold start {name}: CPU", figure=median(taken[name]), unit="ms", note=note)


def _event(name: str, stage: Rehearsal) -> dict[str, Any]:
    if name == API:
        return events.request("GET", "/sessions", stage.key)
    if name == "worker":
        body = '{"session": "prod-none"}'
        return events.batch([{"MessageId": "1", "ReceiptHandle": "1", "Body": body, "MD5OfBody": ""}])
    return events.tick(name)
