"""TensorDock is asked for exactly what was priced, and the first boot does what it should with any text."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.offer import Offer
from chalicelib.providers.tensordock_launch import create_body, first_boot
from tests.providers.tensordock_stand import KEY, WHERE, an_offer, an_order

VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=40)
ENVS = st.dictionaries(st.from_regex(r"X_[A-Z0-9_]{0,20}", fullmatch=True), VALUES, max_size=4)


def attributes(offer: Offer | None = None, **fields: Any) -> dict[str, Any]:
    body: Any = create_body(an_order(offer, **fields), "ubuntu2404_ml_everything")
    assert body["data"]["type"] == "virtualmachine"
    found: dict[str, Any] = body["data"]["attributes"]
    return found


def test_the_order_is_the_shape_that_was_priced_under_the_tag() -> None:
    sent = attributes()
    assert (sent["name"], sent["type"], sent["image"]) == ("shopper-x", "virtualmachine", "ubuntu2404_ml_everything")
    assert sent["resources"] == {
        "vcpu_count": 8,
        "ram_gb": 32,
        "storage_gb": 100,
        "gpus": {"geforcertx4090-pcie-24gb": {"count": 1}},
    }
    assert sent["location_id"] == WHERE
    assert sent["ssh_key"] == KEY


def test_disks_grow_in_steps_of_fifty() -> None:
    assert attributes(disk_gb=101)["resources"]["storage_gb"] == 150


def test_forwarding_opens_ssh_and_every_wished_port_once() -> None:
    sent = attributes(ports=(8080, 22, 8080))
    assert sent["port_forwards"] == [{"internal_port": n, "external_port": 0} for n in (22, 8080)]
    assert "useDedicatedIp" not in sent


def test_an_address_of_its_own_needs_no_forwards() -> None:
    sent = attributes(an_offer(port_forwarding_available=False, dedicated_ip_available=True), ports=(8080,))
    assert sent["useDedicatedIp"] is True
    assert "port_forwards" not in sent


def booted(root: Path, commands: list[str]) -> None:
    """Run a first boot below `root`; ownership is left out, as it takes a real root and its users."""
    for folder in ("root", "home/user", "etc/profile.d", "opt", "var/log"):
        (root / folder).mkdir(parents=True)
    script = "\n".join(command for command in commands if not command.startswith("chown"))
    script = re.sub(r"(?<=[ '>=])/(?=(root|home|etc|opt|var)\b)", f"{root}/", script)
    script = script.replace("setsid nohup bash -lc 'exec", f"bash -c '. {root}/etc/profile.d/gpu-shopper.sh; exec")
    subprocess.run(["sh", "-c", script.rstrip("& ")], check=True, cwd=root, timeout=20)


def test_the_first_boot_installs_the_key_beside_those_that_are_there(tmp_path: Path) -> None:
    commands = first_boot(an_order())
    (tmp_path / "machine").mkdir()
    booted(tmp_path / "machine", commands)
    for home in ("root", "home/user"):
        keys = tmp_path / "machine" / home / ".ssh" / "authorized_keys"
        assert keys.read_text("utf-8").split("\n") == ["", KEY, ""]
        assert keys.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("shebang", ["", "#!/bin/bash\n"])
def test_the_script_runs_as_a_file_of_its_own_with_the_environment(tmp_path: Path, shebang: str) -> None:
    value = 'it\'s "$HOME" `id` \\n ünï; rm -rf x & # %s'
    order = an_order(env={"GREETING": value}, onstart=f'{shebang}printf %s "$GREETING" > said\nexit 3\n')
    machine = tmp_path / "machine"
    machine.mkdir()
    with pytest.raises(subprocess.CalledProcessError):  # run in the foreground here: the script's own exit code
        booted(machine, first_boot(order))
    assert (machine / "said").read_text("utf-8") == value


def test_a_failing_script_fails_nothing_as_it_runs_detached() -> None:
    last = first_boot(an_order(onstart="exit 1"))[-1]
    assert last.endswith("</dev/null &")


@given(ENVS, st.text(st.characters(codec="utf-8"), max_size=200))
@settings(max_examples=60, deadline=None)
def test_nothing_a_consumer_writes_reaches_a_shell_unencoded(env: dict[str, str], script: str) -> None:
    order = an_order(env=env, onstart=script)
    for command in first_boot(order):
        assert re.fullmatch(r"[A-Za-z0-9+/=|>&<._~:' -]+", command)
