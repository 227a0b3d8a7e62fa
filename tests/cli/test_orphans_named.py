"""`orphans ID`: which machines a name means, and that a short one never means somebody else's."""

import re

import pytest

from chalicelib.domain.instance import Instance, Phase
from cli.direct.naming import named
from cli.direct.survey import Account, Machine
from cli.errors import CliError
from tests.cli.conftest import Run
from tests.cli.direct_world import Accounts, accounts
from tests.cli.test_orphans import OTHERS

__all__ = ["accounts"]

ULID = "01k7x5e3zq8r2m4n6p8s0t2v4w"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
FIRST, SECOND, DOUBTFUL = (f"test-{ULID}-{end}" for end in ("ab12cd34", "zz12cd34", "ef56gh78"))


def _machine(name: str, session_id: str, verified: bool = True) -> Machine:
    provider, _, instance_id = name.partition(":")
    instance = Instance(
        provider=provider, id=instance_id, tag=f"shopper-{session_id}", phase=Phase.RUNNING, status="running"
    )
    return Machine(instance, session_id, verified, created_at=0, due_at=0, overdue=False)


ACCOUNTS = (
    Account("tensordock", ours=(_machine("tensordock:7001", SECOND),)),
    Account(
        "vastai",
        ours=(_machine("vastai:7001", FIRST), _machine("vastai:7002", FIRST)),
        unverified=(_machine("vastai:cd34", DOUBTFUL, verified=False),),
        foreign=3,
    ),
)


def _means(text: str) -> list[str]:
    return [machine.name for machine in named(text, ACCOUNTS)]


def test_a_machine_has_its_name_and_a_session_has_all_its_machines() -> None:
    both = ["vastai:7001", "vastai:7002"]
    assert _means("vastai:7001") == ["vastai:7001"]
    assert _means("7002") == ["vastai:7002"]
    for text in (FIRST, f"shopper-{FIRST}", FIRST.upper(), "ab12cd34", "b12cd34", "AB12CD34"):
        assert _means(text) == both


@pytest.mark.parametrize("text", ["7001", "12cd34", "cd34"])
def test_what_could_be_more_than_one_names_them_all(text: str) -> None:
    with pytest.raises(CliError) as caught:
        _means(text)
    assert caught.value.code == "ambiguous"
    for candidate in (f"tensordock:7001 of {SECOND}", f"vastai:7001 of {FIRST}"):
        assert candidate in caught.value.detail
    assert (f"vastai:cd34 of {DOUBTFUL}" in caught.value.detail) is (text == "cd34")


def test_an_unverified_machine_has_only_whole_names() -> None:
    for text in ("vastai:cd34", DOUBTFUL, f"shopper-{DOUBTFUL}"):
        assert _means(text) == ["vastai:cd34"]
    with pytest.raises(CliError, match="unverified") as caught:
        _means("ef56gh78")
    assert "vastai:cd34" in str(caught.value.hint)


@pytest.mark.parametrize("text", ["d34", "", "-", "no-such-end", "cd3*", "ab12cd34x", ULID, "vastai:70", "700"])
def test_too_little_of_a_name_means_nothing(text: str) -> None:
    with pytest.raises(CliError, match="no machine of this deployment"):
        _means(text)


def test_where_not_all_was_seen_an_unknown_name_is_no_proof_of_absence() -> None:
    with pytest.raises(CliError, match="vastai: down") as caught:
        named("ab12cd34", [Account("vastai", error="down")])
    assert caught.value.exit_code == 3


def test_the_end_of_a_sessions_id_ends_its_machines_and_nobody_elses(accounts: Accounts) -> None:
    tag = accounts.tag(1)
    twins = {accounts.plant(tag), accounts.plant(tag)}
    spared = {accounts.plant(accounts.tag(13)), accounts.plant(OTHERS), accounts.plant("my-training")}
    for foreign in (OTHERS[-8:], OTHERS[-4:], "ning", "training"):
        ran = accounts.orphans(foreign, "--execute")
        assert (ran.code, "never touched" in ran.err) == (1, True)
    ran = accounts.orphans(tag[-4:], "--execute", "--json")
    assert {one["id"] for one in ran.json["destroyed"]} == twins
    assert accounts.alive() == spared
    assert sum(accounts.asked(name) for name in spared) == 0


def test_what_a_terminal_shows_names_a_machine_however_narrow_it_is(
    accounts: Accounts, typed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = accounts.tag(13.4)
    name = accounts.plant(tag, accounts.tensordock)
    doubtful = accounts.plant(accounts.tag(1, key=b"another key"))
    assert {name, tag.removeprefix("shopper-")} < set(re.split(r"[\t\n]", accounts.orphans().out))
    for columns in (80, 100):
        monkeypatch.setenv("COLUMNS", str(columns))
        head, *rows = typed("orphans").out.splitlines()
        (row,) = (row for row in rows if row.startswith("tensordock:"))
        assert "SESSION" in head
        assert row.partition("…")[0] in name
        assert row.endswith(f"  {tag[-8:]}")
        assert any(doubtful in row for row in rows)
        assert all(len(line) <= columns for line in (COLOUR.sub("", line) for line in (head, *rows)))
