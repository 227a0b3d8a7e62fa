"""The whole deployment rehearsed: the stack in moto's CloudFormation, every handler run from the zip alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.domain.schedule import EVERY
from chalicelib.store.table import Table
from chalicelib.vault.secrets import make_parameters
from deploy.functions import API, FUNCTIONS
from deploy.names import Json, function_name, parameter
from deploy.operator import first_key
from local.engine import find_engine, start_engine
from simulators.start import start_tensordock, start_vastai
from tests.deploy import events
from tests.deploy.cloud import REGION, Cloud, cloud
from tests.deploy.runtime import Lambda, client_at

ROOT = Path(__file__).parents[2]
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb+qZUJz5etllHAbNCc3Tzh1a3k12I43qSzWNoarnPb"
MARKET_KEY = "key-of-the-rehearsal"

pytestmark = pytest.mark.stack


class Rehearsal:
    """A deployment: `invoke` runs one function as Lambda would, with the environment that its stack gave it."""

    def __init__(self, aws: Cloud, code: Path, client: Path, elsewhere: dict[str, str]) -> None:
        self.aws = aws
        self._code, self._client, self._elsewhere = code, client, elsewhere
        self.output = ""
        self.key = ""

    def invoke(self, name: str, event: dict[str, Any]) -> Any:
        called = function_name(name, "prod")
        environ = {**self.aws.environment(called), **self._elsewhere, "AWS_LAMBDA_FUNCTION_NAME": called}
        handler = "app.app" if name == API else f"app.{name}"
        function = Lambda(self._client, self._code, handler, environ)
        try:
            return function.invoke(event)
        finally:
            self.output = function.output

    def ask(self, *request: Any, **more: Any) -> tuple[int, Json]:
        answer = self.invoke(API, events.request(*request, **more))
        return answer["statusCode"], json.loads(answer["body"])

    def wake(self) -> int:
        """Hand what waits in the queue to the worker, one message at a time; returns how many there were."""
        queue = self.aws.client("sqs")
        url = self.aws.environment("shopper-prod-worker")["SHOPPER_QUEUE_URL"]
        messages = queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            assert self.invoke("worker", events.batch([message])) == {"batchItemFailures": []}
            queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(messages)


@pytest.fixture(scope="module")
def stack(package: Path, code: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    binary = find_engine(ROOT)
    if binary is None:
        pytest.skip("the state engine is not installed: run `npm ci`")
    engine = start_engine(binary, data_file=None)
    client = client_at(tmp_path_factory.mktemp("runtime"))
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
        with pytest.MonkeyPatch.context() as patch:
            for name, value in elsewhere.items():
                patch.setenv(name, value)
            Table("shopper-prod", engine.url).create()
            parameters = aws.client("ssm")
            make_parameters(parameters, parameter("prod"))
            for market in ("vastai", "tensordock"):
                name = f"{parameter('prod')}/provider/{market}"
                parameters.put_parameter(Name=name, Value=MARKET_KEY, Type="SecureString")
            rehearsal = Rehearsal(aws, code, client, elsewhere)
            rehearsal.key = first_key(settings.load({"SHOPPER_DEPLOYMENT": "prod"}))
            yield rehearsal
    engine.stop()


def test_the_stack_has_the_table_queues_topics_functions_and_rules_of_its_stage(stack: Rehearsal) -> None:
    aws = stack.aws
    assert aws.client("dynamodb").list_tables()["TableNames"] == ["shopper-prod"] or find_engine(ROOT)
    queues = aws.client("sqs").list_queues()["QueueUrls"]
    assert {url.rsplit("/", 1)[1] for url in queues} == {"shopper-prod-wakeups", "shopper-prod-wakeups-dead"}
    topics = aws.client("sns").list_topics()["Topics"]
    assert {topic["TopicArn"].rsplit(":", 1)[1] for topic in topics} == {"shopper-prod", "shopper-prod-alarms"}
    functions = aws.client("lambda").list_functions()["Functions"]
    assert {one["FunctionName"] for one in functions} == {function_name(name, "prod") for name in FUNCTIONS}
    rules = aws.client("events").list_rules()["Rules"]
    paces = sorted(rule["ScheduleExpression"] for rule in rules)
    assert len(paces) == len(FUNCTIONS) - 2  # all but the API and the worker
    assert {"rate(1 minute)", "rate(5 minutes)", "rate(15 minutes)"} <= set(paces)
    (source,) = aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {API, "worker"}))
def test_a_scheduled_function_runs_from_the_package_alone(stack: Rehearsal, name: str) -> None:
    assert name in EVERY
    stack.invoke(name, events.tick(name))
    assert '"level":"ERROR"' not in stack.output


def test_the_janitor_needs_no_table_and_says_what_it_saw(stack: Rehearsal) -> None:
    assert "SHOPPER_TABLE" not in stack.aws.environment("shopper-prod-janitor")
    stack.invoke("janitor", events.tick("janitor"))
    for market in ("vastai", "tensordock"):
        assert f'"provider": "{market}"' in stack.output
    assert "JanitorCompleted" in stack.output


def test_the_api_answers_as_behind_the_gateway(stack: Rehearsal) -> None:
    assert stack.ask("GET", "/sessions")[0] == 401
    status, told = stack.ask("GET", "/sessions", stack.key, query={"limit": "5"})
    assert (status, told["sessions"]) == (200, [])
    status, told = stack.ask("GET", "/sessions/{id}", stack.key, id="prod-none")
    assert (status, told["code"]) == (404, "not_found")


def test_a_machine_is_rented_and_ended_by_the_functions_alone(stack: Rehearsal) -> None:
    stack.ask("GET", "/inventory", stack.key)  # somebody asks
    stack.invoke("inventory", events.tick("inventory"))
    order = {"requirements": {"provider": ["vastai"]}, "ssh_public_key": SSH_KEY, "hours": 1}
    status, session = stack.ask("POST", "/sessions", stack.key, order)
    assert (status, session["status"]) == (202, "pending"), session
    assert stack.wake() >= 1
    stack.invoke("launch", events.tick("launch"))
    _, session = stack.ask("GET", "/sessions/{id}", stack.key, id=session["id"])
    assert session["status"] in ("provisioning", "running"), session
    assert session["provider_instance_id"]
    status, _ = stack.ask("DELETE", "/sessions/{id}", stack.key, id=session["id"])
    assert status == 202
    assert stack.wake() >= 1
    _, session = stack.ask("GET", "/sessions/{id}", stack.key, id=session["id"])
    assert session["status"] in ("terminating", "terminated", "failed")
    assert MARKET_KEY not in stack.output
