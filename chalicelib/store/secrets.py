"""The deployment's own secrets: in SSM on AWS, in the data dir locally; made once, never replaced by themselves."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.ports import Secrets

_SIGNING, _PEPPER = "signing-keys", "pepper"


def from_folder(folder: Path) -> Secrets:
    """Read the secrets kept as files only the owner can read; make what is missing."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return _parsed(_file(folder / _SIGNING), _file(folder / _PEPPER))


def from_parameters(client: Any, path: str) -> Secrets:
    """Read SecureString parameters under `path`; make what is missing. `client` is a boto3 SSM client."""
    return _parsed(_parameter(client, f"{path}/{_SIGNING}"), _parameter(client, f"{path}/{_PEPPER}"))


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


def _parameter(client: Any, name: str) -> str:
    try:
        answer = client.get_parameter(Name=name, WithDecryption=True)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        with contextlib.suppress(client.exceptions.ParameterAlreadyExists):
            client.put_parameter(Name=name, Value=secrets.token_hex(32), Type="SecureString", Overwrite=False)
        answer = client.get_parameter(Name=name, WithDecryption=True)
    return str(answer["Parameter"]["Value"])
