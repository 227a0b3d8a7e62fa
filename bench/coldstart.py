"""A cold start of every function from the package alone, by Lambda's own runtime client: CPU of import and first event.

Beside each stands its own floor, measured by turns with it: a handler that only imports the frameworks the function
cannot do without, builds the clients it cannot do without, and makes the calls that no first event can do without. A
floor imports the packages as they are installed, with their byte code, and reads botocore's cut descriptions.
"""

import compileall
import importlib
import shutil
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from bench.figures import Figure, median
from deploy import bundle, slimming
from deploy.functions import API, FUNCTIONS, Grant
from local.engine import find_engine
from tests.deploy import events
from tests.deploy.stage import Rehearsal, rehearse

_ROUNDS = 7
_GOAL = 1.2

_BARE = """
import chalice.app, pynamodb.models, pynamodb.transactions
from aws_lambda_powertools import Logger, Metrics
def handler(event, context): return {}
"""
_IMPORTS = """
import chalice.app, os
from aws_lambda_powertools import Logger, Metrics
"""
_TABLE = """
import pynamodb.transactions
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model
class Row(Model):
    class Meta: table_name = "shopper-prod"
    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
"""
_ROW_READ = """
    try: Row.get("KEY#none", "ROW", consistent_read=True)
    except Row.DoesNotExist: pass
"""
# Signed by botocore, but without its client: nobody could do it for less.
_PARAMETER = """
import json
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session
"""
_PARAMETER_READ = """
    keys = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.GetParameters"}
    body = json.dumps({"Names": ["/gpu-shopper/prod/signing-keys"], "WithDecryption": True})
    request = AWSRequest("POST", os.environ["AWS_ENDPOINT_URL"] + "/", headers=headers, data=body)
    SigV4Auth(keys, "ssm", os.environ["AWS_REGION"]).add_auth(request)
    json.loads(URLLib3Session().send(request.prepare()).content)
"""
_MARKET_READ = """
    with requests.Session() as session: session.get(os.environ["VASTAI_API_URL"] + "/api/v0/", timeout=5)
"""


def floor(grants: Collection[Grant]) -> str:
    """A handler that does only what a function with these grants cannot do without: its frameworks imported, the
    table's one client built and one row read, one parameter read, one market asked."""
    table, market = Grant.TABLE in grants, bool({Grant.MARKETS, Grant.LAST_RESORT} & set(grants))
    secret = market or bool({Grant.SECRETS, Grant.SIGNING} & set(grants))
    imports = _IMPORTS + _TABLE * table + _PARAMETER * secret + "import requests\n" * market
    work = _PARAMETER_READ * secret + _ROW_READ * table + _MARKET_READ * market
    return f"{imports}def handler(event, context):{work}    return {{}}\n"


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
        _as_installed(code, floors)
        (floors / "floor_bare.py").write_text(_BARE)
        for name, function in FUNCTIONS.items():
            (floors / f"floor_{name}.py").write_text(floor(function.grants))
        with rehearse(out, code, binary, scratch / "runtime") as stage:
            yield from _measured(stage, str(floors))


def _as_installed(code: Path, floors: Path) -> None:
    """The packages, with what our own package has replaced in them put back."""
    shutil.copytree(code, floors, ignore=shutil.ignore_patterns("chalicelib", "__pycache__"))
    for folder in slimming.REPLACED:
        package, _, inner = folder.partition("/")
        installed = Path(importlib.import_module(package).__file__ or "").parent / inner
        shutil.rmtree(floors / folder)
        shutil.copytree(installed, floors / folder)
    compileall.compile_dir(floors, quiet=2)


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
        for name in FUNCTIONS:  # by turns: whatever else the machine does, it does to both
            for floor_of in _floors(name):
                stage.invoke(name, {}, f"{floor_of}.handler", floors)
                taken.setdefault(floor_of, []).append(stage.cpu_ms)
            stage.invoke(name, _event(name, stage))
            taken.setdefault(name, []).append(stage.cpu_ms)
    for name in FUNCTIONS:
        own = [cold / least for cold, least in zip(taken[name], taken[f"floor_{name}"], strict=True)]
        note = f"{median(own):.2f} × its floor of {median(taken[f'floor_{name}']):.0f} ms"
        if name == API:
            note += f", {median(taken[name]) / median(taken['floor_bare']):.2f} × bare imports"
        yield Figure(name=f"cold start {name}: CPU", figure=median(taken[name]), unit="ms", note=note)
    bare = median(taken["floor_bare"])
    yield Figure(name="bare imports: CPU", figure=bare, unit="ms", note="chalice, pynamodb, Powertools")
    yield Figure(name="cold start goal", figure=_GOAL, unit="×", note=f"its own floor; medians of {_ROUNDS} rounds")


def _floors(name: str) -> tuple[str, ...]:
    return (f"floor_{name}", "floor_bare") if name == API else (f"floor_{name}",)


def _event(name: str, stage: Rehearsal) -> dict[str, Any]:
    if name == API:
        return events.request("GET", "/sessions", stage.key)
    if name == "worker":
        body = '{"session": "prod-none"}'
        return events.batch([{"MessageId": "1", "ReceiptHandle": "1", "Body": body, "MD5OfBody": ""}])
    return events.tick(name)
