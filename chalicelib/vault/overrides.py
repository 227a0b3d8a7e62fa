"""Extensions past the hard max, outside the table: SSM parameters on AWS, files locally."""

from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import StoreDown
from chalicelib.domain.instant import Instant


class FolderOverrides:
    """The Overrides port over one small file per session."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lengthen(self, session_id: str, until: Instant) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / session_id).write_text(str(until))
        except OSError as error:
            raise StoreDown(f"the override was not kept: {error}") from error

    def until(self, session_id: str) -> Instant | None:
        try:
            return int((self._folder / session_id).read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StoreDown(f"the override cannot be read: {error}") from error


class ParameterOverrides:
    """The Overrides port over one SSM parameter per session; `client` is an SSM client."""

    def __init__(self, client: Any, path: str) -> None:
        self._client = client
        self._path = path

    def lengthen(self, session_id: str, until: Instant) -> None:
        try:
            self._client.put_parameter(
                Name=f"{self._path}/override/{session_id}", Value=str(until), Type="String", Overwrite=True
            )
        except (BotoCoreError, ClientError) as error:
            raise StoreDown(f"the override was not kept: {error}") from error

    def until(self, session_id: str) -> Instant | None:
        try:
            answer = self._client.get_parameter(Name=f"{self._path}/override/{session_id}")
            return int(answer["Parameter"]["Value"])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ParameterNotFound":
                return None
            raise StoreDown(f"the override cannot be read: {error}") from error
        except (BotoCoreError, KeyError, ValueError) as error:
            raise StoreDown(f"the override cannot be read: {error}") from error
