"""The deployment's own secrets: in SSM on AWS, in the data dir locally; made once, never replaced by themselves."""

import contextlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chalicelib.ports import Secrets

SIGNING, PEPPER = "signing-keys", "pepper"


class SecretMissing(Exception):
    """A parameter that must be there is not. Nothing here makes it: with another key every machine looks foreign."""


def from_folder(folder: Path) -> Secrets:
    """Read the secrets kept as files only the owner can read; make what is missing."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return _parsed(_file(folder / SIGNING), _file(folder / PEPPER))


def from_parameters(client: Any, path: str, *, pepper: bool = True) -> Secrets:
    """The SecureString parameters under `path`; `client` is an SSM client. Raises SecretMissing.

    `pepper` False leaves that one unread, for a function that checks nobody's key.
    """
    wanted = (SIGNING, PEPPER) if pepper else (SIGNING,)
    found = parameters(client, path, wanted)
    for name in wanted:
        if name not in found:
            raise SecretMissing(f"SSM has no parameter {path}/{name}: `make secrets` makes it, once")
    return _parsed(found[SIGNING], found.get(PEPPER, ""))


def make_parameters(client: Any, path: str) -> list[str]:
    """Make what is missing under `path`, whatever others make at the same time; returns the names made."""
    made = []
    for name in (SIGNING, PEPPER):
        with contextlib.suppress(client.exceptions.ParameterAlreadyExists):
            client.put_parameter(
                Name=f"{path}/{name}", Value=secrets.token_hex(32), Type="SecureString", Overwrite=False
            )
            made.append(name)
    return made


def parameters(client: Any, path: str, names: Iterable[str]) -> dict[str, str]:
    """The decrypted values below `path`, by name; what does not exist is left out."""
    answer = client.get_parameters(Names=[f"{path}/{name}" for name in names], WithDecryption=True)
    return {one["Name"].removeprefix(f"{path}/"): one["Value"] for one in answer["Parameters"]}


def _parsed(signing: str, pepper: str) -> Secrets:
    return Secrets(
        signing_keys=tuple(bytes.fromhex(line) for line in signing.split()), pepper=bytes.fromhex(pepper.strip())
    )


def _file(path: Path) -> str:
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
    return path.read_text()
