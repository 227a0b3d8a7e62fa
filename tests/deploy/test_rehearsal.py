"""The whole deployment rehearsed: the stack in moto's CloudFormation, every handler run from the zip alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.domain.schedule import EVERY
from deploy.functions import API, FUNCTIONS
from deploy.names import function_name
from local.engine import find_engine
from tests.deploy import events
from tests.deploy.stage import MARKET_KEY, Rehearsal, rehearse

ROOT = Path(__file__).parents[2]
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb+qZUJz5etllHAbNCc3Tzh1a3k12I43qSzWNoarnPb"

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def stack(package: Path, code: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    binary = find_engine(ROOT)
    if binary is None:
        pytest.skip("the state engine is not installed: run `npm ci`")
    with rehearse(package, code, binary, tmp_path_factory.mktemp("runtime")) as rehearsal:
        yield rehearsal


def test_the_stack_has_the_table_queues_topics_functions_and_rules_of_its_stage(stack: Rehearsal) -> None:
    aws = stack.aws
    table = aws.client("dynamodb").describe_table(TableName="shopper-prod")["Table"]
    assert {index["IndexName"] for index in table["GlobalSecondaryIndexes"]} == {"due", "owned", "feed"}
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
