"""SSH keys: only public halves leave, and somebody without one gets a pair."""

import shutil
from pathlib import Path

import pytest

from cli.config import load
from cli.errors import CliError, UsageError
from cli.keys import identities, public, read
from tests.cli.things import PUBLIC_KEY

PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n-----END OPENSSH PRIVATE KEY-----\n"


def test_the_usual_public_key_is_sent_without_its_comment(home: Path) -> None:
    assert public(load({}), None) == (PUBLIC_KEY, None)


def test_a_private_key_is_refused_with_the_way_to_its_public_half(home: Path) -> None:
    path = home / "alone"
    path.write_text(PRIVATE)
    with pytest.raises(UsageError, match="never leaves this machine") as caught:
        public(load({}), path)
    assert f"ssh-keygen -y -f {path}" in caught.value.line()


def test_a_private_key_with_its_public_half_beside_it_stands_for_that(home: Path) -> None:
    sent, said = public(load({}), home / ".ssh" / "id_ed25519")
    assert sent == PUBLIC_KEY
    assert said is not None
    assert "stays here" in said


@pytest.mark.parametrize(
    "text",
    [
        *("", "ssh-ed25519", "ssh-dss AAAAB3NzaC1kc3M=", "ssh-ed25519 !!!", "x" * 20_000),
        *(f"{PUBLIC_KEY}\n{PUBLIC_KEY}", f'command="x" {PUBLIC_KEY}', PUBLIC_KEY.replace("ssh-ed25519", "ssh-rsa")),
    ],
)
def test_what_is_not_one_public_key_is_refused(home: Path, text: str) -> None:
    path = home / "key.pub"
    path.write_text(text)
    with pytest.raises(UsageError, match="not one OpenSSH public key"):
        read(path)


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="no ssh-keygen here")
def test_somebody_without_a_key_gets_a_pair_once(home: Path) -> None:
    shutil.rmtree(home / ".ssh")
    config = load({})
    first, said = public(config, None)
    private = config.directory / "id_ed25519"
    assert said == f"no SSH key found: made one, {private}"
    assert private.stat().st_mode & 0o077 == 0
    assert config.directory.stat().st_mode & 0o077 == 0
    assert public(config, None) == (first, None)
    assert identities(config, None) == [private]


def test_without_ssh_keygen_the_person_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(home / ".ssh")
    monkeypatch.setenv("PATH", str(home))
    with pytest.raises(CliError, match="no ssh-keygen"):
        public(load({}), None)


def test_ssh_is_offered_the_private_half_of_the_named_key(home: Path) -> None:
    config = load({})
    assert identities(config, None) == [home / ".ssh" / "id_ed25519"]
    assert identities(config, home / ".ssh" / "id_ed25519.pub") == [home / ".ssh" / "id_ed25519"]
    assert identities(config, home / "absent.pub") == []
