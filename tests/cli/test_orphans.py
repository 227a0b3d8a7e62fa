"""`orphans`: what is on the accounts without asking the service, and its end by hand."""

import json
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from cli.direct.markets import InParameters, Unreadable
from tests.builders import DEPLOYMENT
from tests.cli.conftest import Run
from tests.cli.direct_world import ACCOUNT_VARIABLES, Accounts, accounts

__all__ = ["accounts"]

ROOT = Path(__file__).parents[2]
OTHERS = "shopper-other-01m3250v007f0v023j9xkyejmh-6yqegmkx"


def test_machines_are_sorted_into_ours_unverified_and_foreign(accounts: Accounts) -> None:
    young, old = accounts.plant(accounts.tag(1)), accounts.plant(accounts.tag(13), accounts.tensordock)
    doubtful = accounts.plant(accounts.tag(1, key=b"another key"))
    accounts.plant("my-training")
    accounts.plant(None)
    accounts.plant(OTHERS)
    ran = accounts.orphans("--json")
    assert ran.code == 0
    vastai, tensordock = ran.json["providers"]["vastai"], ran.json["providers"]["tensordock"]
    assert [(one["id"], one["overdue"]) for one in vastai["ours"]] == [(young, False)]
    assert [(one["id"], one["overdue"]) for one in tensordock["ours"]] == [(old, True)]
    assert [one["id"] for one in vastai["unverified"]] == [doubtful]
    assert (vastai["foreign"], tensordock["foreign"]) == (3, 0)
    assert ran.json["deployment"] == DEPLOYMENT
    assert ran.json["chosen"] == [old]


def test_without_execute_nothing_is_changed(accounts: Accounts) -> None:
    old = accounts.plant(accounts.tag(13))
    ran = accounts.orphans()
    assert (ran.code, accounts.asked(old)) == (0, 0)
    assert f"--execute would destroy {old}" in ran.err
    assert "past by 1 h" in ran.out


def test_execute_ends_what_is_past_its_hard_max_with_proof_and_nothing_else(accounts: Accounts) -> None:
    old = accounts.plant(accounts.tag(13))
    spared = {accounts.plant(accounts.tag(11)), accounts.plant(OTHERS), accounts.plant(accounts.tag(13, key=b"other"))}
    ran = accounts.orphans("--execute", "--yes", "--json")
    (ended,) = ran.json["destroyed"]
    assert (ran.code, ended["id"], ended["gone"], ended["destroy_calls"]) == (0, old, True, 1)
    assert len(ended["absent_at"]) == 2
    assert accounts.alive() == spared
    assert sum(accounts.asked(name) for name in spared) == 0


def test_destroys_that_lie_are_repeated_until_the_machine_is_gone(accounts: Accounts) -> None:
    old = accounts.plant(accounts.tag(13))
    accounts.fault("destroy.ignored", count=2)
    ran = accounts.orphans("--execute", "--yes")
    assert (ran.code, accounts.alive(), accounts.asked(old)) == (0, set(), 3)
    assert f"{old} gone: absent by id and from a complete list, twice" in ran.out


def test_a_machine_that_will_not_go_is_told_after_the_patience_is_over(accounts: Accounts) -> None:
    old = accounts.plant(accounts.tag(13))
    accounts.fault("destroy.refused", text="maintenance")
    ran = accounts.orphans("--execute", "--yes", "--timeout", "90")
    assert ran.code == 1
    assert f"{old} NOT proven gone after" in ran.out
    assert 3 <= accounts.asked(old) <= 4


def test_an_unverified_machine_is_ended_only_when_it_is_named(accounts: Accounts) -> None:
    doubtful = accounts.plant(accounts.tag(20, key=b"the lost key"))
    accounts.orphans("--execute", "--yes", "--all-ours")
    assert accounts.alive() == {doubtful}
    assert accounts.orphans(doubtful, "--execute", "--yes").code == 0
    assert accounts.alive() == set()


def test_a_foreign_machine_cannot_be_named(accounts: Accounts) -> None:
    foreign = accounts.plant("my-training")
    ran = accounts.orphans(foreign, "--execute", "--yes")
    assert (ran.code, accounts.asked(foreign)) == (1, 0)
    assert "never touched" in ran.err


def test_a_sessions_id_names_all_its_machines(accounts: Accounts) -> None:
    tag = accounts.tag(1)
    twins = {accounts.plant(tag), accounts.plant(tag)}
    other = accounts.plant(accounts.tag(1))
    ran = accounts.orphans(tag.removeprefix("shopper-"), "--execute", "--yes", "--json")
    assert {one["id"] for one in ran.json["destroyed"]} == twins
    assert accounts.alive() == {other}


def test_what_an_operator_gave_longer_is_not_past_its_end(accounts: Accounts) -> None:
    tag = accounts.tag(13)
    accounts.plant(tag)
    kept = accounts.folder / "overrides"
    kept.mkdir()
    (kept / tag.removeprefix("shopper-")).write_text(str(round(time.time() * 1000) + 3_600_000))
    assert accounts.orphans("--json").json["chosen"] == []


def test_overrides_that_cannot_be_read_give_a_day(accounts: Accounts) -> None:
    tag, older = accounts.tag(23), accounts.tag(25)
    accounts.plant(tag)
    kept = accounts.folder / "overrides"
    kept.mkdir()
    for one in (tag, older):
        (kept / one.removeprefix("shopper-")).write_text("?")
    name = accounts.plant(older)
    ran = accounts.orphans("--json")
    assert ran.json["chosen"] == [name]
    assert "overrides unreadable" in ran.json["providers"]["vastai"]["ours"][0]["doubt"]


def test_an_account_that_cannot_be_seen_whole_is_told_and_the_other_is_shown(accounts: Accounts) -> None:
    accounts.fault("list.error")
    name = accounts.plant(accounts.tag(13), accounts.tensordock)
    ran = accounts.orphans("--json")
    assert ran.code == 3
    assert ran.json["providers"]["vastai"]["error"]
    assert ran.json["providers"]["vastai"]["foreign"] is None
    assert ran.json["chosen"] == [name]


def test_where_no_account_was_seen_nothing_is_said_of_what_is_past_its_end(accounts: Accounts) -> None:
    accounts.fault("list.error")
    for argv in ((), ("--execute", "--yes")):
        ran = accounts.orphans(*argv)
        assert ran.code == 3
        assert "not seen whole: vastai" in ran.err
        assert "nothing is past" not in ran.err
        assert "nothing to destroy" not in ran.err


def test_without_our_keys_everything_of_ours_is_for_a_person_to_decide(accounts: Accounts) -> None:
    (accounts.folder / "signing-keys").unlink()
    name = accounts.plant(accounts.tag(13))
    ran = accounts.orphans("--json")
    assert [one["id"] for one in ran.json["providers"]["vastai"]["unverified"]] == [name]
    assert "no signing keys" in ran.err
    assert not (accounts.folder / "signing-keys").exists()


def test_where_nobody_can_be_asked_execute_is_the_word(accounts: Accounts) -> None:
    name = accounts.plant(accounts.tag(13))
    assert (accounts.orphans().code, accounts.asked(name)) == (0, 0)
    ran = accounts.orphans("--execute")
    assert (ran.code, accounts.asked(name)) == (0, 1)


def test_a_person_who_does_not_say_yes_destroys_nothing(accounts: Accounts, typed: Run) -> None:
    name = accounts.plant(accounts.tag(13))
    ran = typed("orphans", "--execute", answer="no\n")
    assert (ran.code, accounts.asked(name)) == (1, 0)
    assert f"Destroy {name}?" in ran.err


def test_the_installed_command_brings_all_that_it_loads_and_nothing_of_the_service(tmp_path: Path) -> None:
    code = "import sys, cli.direct.errand; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded & {"pynamodb", "boto3", "botocore", "chalice", "chalicelib.wiring", "chalicelib.store"} == set()
    shipped = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    ours = {name.rpartition(".")[0] for name in loaded if name.startswith(("cli.", "chalicelib."))}
    assert ours <= shipped


def test_without_provider_keys_it_says_which_to_set(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ACCOUNT_VARIABLES:
        monkeypatch.delenv(name)
    ran = accounts.orphans()
    assert ran.code == 2
    assert "VASTAI_API_KEY" in ran.err


def test_the_fake_markets_of_a_running_local_cloud_are_found(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = {"env": {name: os.environ[name] for name in ACCOUNT_VARIABLES}, "simulated": True}
    (accounts.folder / "endpoints.json").write_text(json.dumps(note))
    for name in ACCOUNT_VARIABLES:
        monkeypatch.delenv(name)
    name = accounts.plant(accounts.tag(1))
    ran = accounts.orphans("--json")
    assert ran.json["simulated"]
    assert [one["id"] for one in ran.json["providers"]["vastai"]["ours"]] == [name]


def test_where_aws_cannot_be_asked_for_the_signing_keys_it_is_said_and_what_to_set(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SHOPPER_SECRETS_PATH", "/gpu-shopper/prod")
    ran = accounts.orphans()
    assert ran.code == 1
    assert "region" in ran.err
    assert "AWS_DEFAULT_REGION" in ran.err
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "AWS_PROFILE" in accounts.orphans().err


def test_what_lies_in_ssm_and_cannot_be_read_as_what_it_is_ends_nothing(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    kept = InParameters("/gpu-shopper/prod")
    monkeypatch.setattr(kept, "_read", {"signing-keys": "not hexadecimal", "override/x": "tomorrow"}.get)
    with pytest.raises(Unreadable, match="/gpu-shopper/prod/signing-keys"):
        kept.signing_keys()
    with pytest.raises(Unreadable, match="/gpu-shopper/prod/override/x"):
        kept.override("x")
