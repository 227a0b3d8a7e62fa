"""What `make deploy` looks at before it touches anything: an account in each of the states that people leave it in."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deploy.account import NotReady, prepare

KEYS = {"/gpu-shopper/prod/provider/vastai", "/gpu-shopper/prod/provider/tensordock"}


class Account:
    """An AWS account as far as `prepare` asks; `done` is what it changed, in order. All its clients are itself."""

    def __init__(self, status: str | None = None, table: bool = False, unreserved: int = 1000) -> None:
        self.status, self.table, self.unreserved = status, table, unreserved
        self.parameters: dict[str, str] = {}
        self.keys = set(KEYS)
        self.done: list[str] = []
        self.imported: dict[str, Any] = {}

    def __call__(self, service: str) -> "Account":
        return self

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if self.status is None:
            raise _error("ValidationError", "DescribeStacks")
        told = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()]
        return {"Stacks": [{"StackName": StackName, "StackStatus": self.status, "Parameters": told}]}

    def delete_stack(self, StackName: str) -> None:
        self.done.append(f"delete {StackName}")

    def get_waiter(self, name: str) -> "_Waiter":
        return _Waiter(self, name)

    def create_change_set(self, **change: Any) -> None:
        self.imported = change
        self.done.append(f"{change['ChangeSetType']} {change['StackName']}")

    def execute_change_set(self, StackName: str, ChangeSetName: str) -> None:
        self.done.append(f"execute {ChangeSetName}")

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self.unreserved}}

    def get_parameters(self, Names: list[str]) -> dict[str, Any]:
        return {"InvalidParameters": [name for name in Names if name not in self.keys]}

    def describe_table(self, TableName: str) -> dict[str, Any]:
        if not self.table:
            raise _error("ResourceNotFoundException", "DescribeTable")
        return {"Table": {"TableName": TableName}}


class _Waiter:
    def __init__(self, account: Account, name: str) -> None:
        self._account, self._name = account, name

    def wait(self, **_: str) -> None:
        self._account.done.append(f"wait {self._name}")


def _error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "…"}}, operation)


def _prepare(account: Account, *given: str) -> list[str]:
    return prepare("prod", given, account, lambda _: None)


def test_a_fresh_account_is_left_alone() -> None:
    account = Account()
    assert _prepare(account, "AlarmEmail=me@example.com") == ["AlarmEmail=me@example.com"]
    assert account.done == []


def test_an_upgrade_changes_nothing_beforehand() -> None:
    account = Account("UPDATE_COMPLETE", table=True, unreserved=4)
    account.parameters = {"ReserveConcurrency": "yes"}
    assert _prepare(account) == []
    assert account.done == []


def test_a_new_account_without_concurrency_reserves_none() -> None:
    assert _prepare(Account(unreserved=10)) == ["ReserveConcurrency=no"]
    assert _prepare(Account(unreserved=104)) == ["ReserveConcurrency=no"]
    assert _prepare(Account(unreserved=105)) == []
    assert _prepare(Account(unreserved=10), "ReserveConcurrency=yes") == ["ReserveConcurrency=yes"]


NEVER_MADE = ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"]
REMOVED = ["delete gpu-shopper-prod", "wait stack_delete_complete"]
ADOPTED = [
    "IMPORT gpu-shopper-prod",
    "wait change_set_create_complete",
    "execute adopt-table",
    "wait stack_import_complete",
]


@pytest.mark.parametrize("status", NEVER_MADE)
def test_a_stack_that_could_never_be_made_makes_room_for_the_next_try(status: str) -> None:
    account = Account(status)
    _prepare(account)
    assert account.done == REMOVED


@pytest.mark.parametrize("status", NEVER_MADE)
def test_the_table_that_it_left_behind_is_taken_over_all_the_same(status: str) -> None:
    account = Account(status, table=True)
    _prepare(account)
    assert account.done == [*REMOVED, *ADOPTED]


def test_a_table_that_outlived_its_stack_is_taken_over_by_the_next() -> None:
    account = Account(table=True)
    _prepare(account)
    assert account.done == ADOPTED
    (wanted,) = account.imported["ResourcesToImport"]
    assert wanted["ResourceIdentifier"] == {"TableName": "shopper-prod"}
    made = json.loads(account.imported["TemplateBody"])["Resources"]
    assert set(made) == {wanted["LogicalResourceId"]}  # an import may bring nothing else
    assert made["Table"]["DeletionPolicy"]  # nor what does not say what becomes of it


def test_the_table_that_is_imported_is_the_one_of_the_template(templates: dict[str, Any]) -> None:
    account = Account(table=True)
    _prepare(account)
    assert json.loads(account.imported["TemplateBody"])["Resources"]["Table"] == templates["prod"]["Resources"]["Table"]


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_stack_that_needs_a_person_stops_it(status: str) -> None:
    account = Account(status)
    with pytest.raises(NotReady, match=status):
        _prepare(account)
    assert account.done == []


def test_a_market_without_a_key_stops_it_unless_it_is_not_in_use() -> None:
    account = Account()
    account.keys.discard("/gpu-shopper/prod/provider/tensordock")
    with pytest.raises(NotReady, match="Tensordock=no"):
        _prepare(account)
    assert _prepare(account, "Tensordock=no") == ["Tensordock=no"]
    upgraded = Account("CREATE_COMPLETE")
    upgraded.keys, upgraded.parameters = account.keys, {"Tensordock": "no"}
    assert _prepare(upgraded) == []


def test_without_any_market_there_is_nothing_to_deploy() -> None:
    with pytest.raises(NotReady, match="no market"):
        _prepare(Account(), "Tensordock=no", "Vastai=no")


def test_keys_of_the_janitors_own_must_lie_in_ssm_before_they_are_relied_upon() -> None:
    account = Account()
    with pytest.raises(NotReady, match=r"janitor/tensordock.*JanitorKeys=no"):
        _prepare(account, "JanitorKeys=yes")
    account.keys |= {name.replace("provider", "janitor") for name in KEYS}
    _prepare(account, "JanitorKeys=yes")
