"""The rehearsed deployment: the stack in moto, the real markets' fakes, and a Lambda for every function."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.domain.alert import Alert, Kind
from chalicelib.domain.turn import Turn
from chalicelib.store import open_store
from chalicelib.store.table import Table
from chalicelib.vault.secrets import make_parameters
from deploy.functions import API, FUNCTIONS
from deploy.names import Json, function_name, parameter
from deploy.operator import first_key
from local.engine import start_engine
from simulators.start import start_tensordock, start_vastai
from tests.deploy import events
from tests.deploy.cloud import REGION, Cloud, cloud
from tests.deploy.iam import Act, Gate
from tests.deploy.runtime import Lambda, client_at

MARKET_KEY = "key-of-the-rehearsal"
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb+qZUJz5etllHAbNCc3Tzh1a3k12I43qSzWNoarnPb"


class Rehearsal:
    """A deployment: `invoke` runs one function as Lambda would, with the environment that its stack gave it."""

    def __init__(self, aws: Cloud, code: Path, client: Path, elsewhere: dict[str, str]) -> None:
        self.aws = aws
        self.gates: tuple[Gate, ...] = ()
        self.operator: Callable[[], AbstractContextManager[None]] = nullcontext
        self._code, self._client, self._elsewhere = code, client, elsewhere
        self.output = ""
        self.cpu_ms = 0.0
        """Of the last invocation: a cold start and its one event."""
        self.key = ""
        self.more: dict[str, str] = {}
        """Environment that every function gets on top."""
        self.said: list[str] = []
        """Everything that came out of any function: its log, its answer, its messages."""
        self.rented: Callable[[], list[tuple[str, str]]] = list
        """The variables of all machines that were made at Vast.ai."""

    def invoke(self, name: str, event: dict[str, Any], handler: str = "", also: str = "", **more: str) -> Any:
        """`handler` instead of the function's own, found in the folder `also`, as is whatever else lies there; `more`
        environment than it has."""
        called = function_name(name, "prod")
        own = {"AWS_LAMBDA_FUNCTION_NAME": called, "AWS_ACCESS_KEY_ID": called}  # who it is, to the gates before AWS
        environ = {**self.aws.environment(called), **self._elsewhere, **own, **self.more, **more}
        handler = handler or ("app.app" if name == API else f"app.{name}")
        function = Lambda([*([also] if also else []), str(self._code), str(self._client)], handler, environ)
        try:
            answer = function.invoke(event)
            self.said.append(json.dumps(answer))
            return answer
        finally:
            self.output, self.cpu_ms = function.output, function.cpu_ms
            self.said.append(function.output)

    def tell(self, dedupe_id: str) -> None:
        """Put an alert into the outbox."""
        with self.operator():
            outbox = open_store(settings.load({"SHOPPER_DEPLOYMENT": "prod"})).alerts
            outbox.add(Alert(dedupe_id=dedupe_id, kind=Kind.LOW_BALANCE, at=1_700_000_000_000, detail="a rehearsal"))

    def leave_turns(self) -> None:
        """As runs that were out of time, and whose messages were lost."""
        with self.operator():
            health = open_store(settings.load({"SHOPPER_DEPLOYMENT": "prod"})).health
            health.sweep_done("watch", time.time_ns() // 1_000_000)  # else it would only listen after an absence
            for name in ("watch", "accrue"):
                health.save_turn(name, Turn(place="0", until=0))

    @property
    def refused(self) -> list[tuple[str, Act]]:
        return [one for gate in self.gates for one in gate.refused]

    def used(self, name: str) -> set[Act]:
        """What the function asked of AWS so far."""
        called = function_name(name, "prod")
        return {act for gate in self.gates for act in gate.used.get(called, ())}

    def ask(self, *request: Any, **more: Any) -> tuple[int, Json]:
        answer = self.invoke(API, events.request(*request, **more))
        return answer["statusCode"], json.loads(answer["body"])

    def wake(self) -> int:
        """Hand what waits in the queue to the worker, one message at a time; returns how many there were."""
        queue = self.aws.client("sqs")
        url = self.aws.environment("shopper-prod-worker")["SHOPPER_QUEUE_URL"]
        messages = queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            self.said.append(message["Body"])
            assert self.invoke("worker", events.batch([message])) == {"batchItemFailures": []}
            queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(messages)


@contextmanager
def _as_somebody_who_deploys(environ: dict[str, str]) -> Iterator[None]:
    """This process itself asks AWS, past the gates."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        yield


@contextmanager
def rehearse(package: Path, code: Path, binary: Path, scratch: Path) -> Iterator[Rehearsal]:
    """Deploy it: as an operator would, down to the first key."""
    engine = start_engine(binary, data_file=None)
    client = client_at(scratch)
    with cloud() as aws, start_vastai(api_key=MARKET_KEY) as vastai, start_tensordock(api_key=MARKET_KEY) as dock:
        aws.deploy(package)
        elsewhere = {
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB": engine.url,
            "VASTAI_API_URL": vastai.url,
            "TENSORDOCK_API_URL": dock.url,
        }
        with _as_somebody_who_deploys(elsewhere):
            Table("shopper-prod", engine.url).create()
            parameters = aws.client("ssm")
            make_parameters(parameters, parameter("prod"))
            for market in ("vastai", "tensordock"):
                name = f"{parameter('prod')}/provider/{market}"
                parameters.put_parameter(Name=name, Value=MARKET_KEY, Type="SecureString")
            key = first_key(settings.load({"SHOPPER_DEPLOYMENT": "prod"}))
        policies = {called: aws.policy(called) for called in (function_name(name, "prod") for name in FUNCTIONS)}
        with Gate(aws.endpoint, policies) as services, Gate(engine.url, policies) as table:
            gates = {"AWS_ENDPOINT_URL": services.url, "AWS_ENDPOINT_URL_DYNAMODB": table.url}
            rehearsal = Rehearsal(aws, code, client, {**elsewhere, **gates})
            rehearsal.key = key
            rehearsal.gates = (services, table)
            rehearsal.operator = partial(_as_somebody_who_deploys, elsewhere)
            rehearsal.rented = lambda: [pair for one in vastai.market.machines.values() for pair in one.env]
            yield rehearsal
    engine.stop()
