"""The three calls of SSM that functions make, signed with botocore's signer but without its client.

A client reads the descriptions of the whole service first: a fifth of a second of every cold start, on the way to two
small values. Names of methods, arguments and errors are those of that client.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, HTTPClientError
from botocore.httpsession import URLLib3Session

_TRIES = 4
_PAUSE = 0.2  # seconds, doubling: SSM allows 40 reads a second, and functions may start together
_TIMEOUTS = (2, 5)  # to connect, to answer


class Ssm:
    """SSM at `endpoint`, as the owner of the credentials that `environ` holds (on Lambda: the function's role)."""

    def __init__(self, environ: Mapping[str, str], pause: Callable[[float], None] = time.sleep) -> None:
        self._region = environ["AWS_REGION"]
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        own = f"https://ssm.{self._region}.{suffix}"
        self._endpoint = environ.get("AWS_ENDPOINT_URL_SSM") or environ.get("AWS_ENDPOINT_URL") or own
        self._credentials = Credentials(
            environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], environ.get("AWS_SESSION_TOKEN")
        )
        self._http = URLLib3Session(timeout=_TIMEOUTS)
        self._pause = pause

    def get_parameters(self, *, Names: Sequence[str], WithDecryption: bool) -> Any:
        return self._call("GetParameters", {"Names": list(Names), "WithDecryption": WithDecryption})

    def get_parameter(self, *, Name: str) -> Any:
        return self._call("GetParameter", {"Name": Name})

    def put_parameter(self, **parameter: object) -> Any:
        return self._call("PutParameter", parameter)

    def _call(self, operation: str, body: Mapping[str, object]) -> Any:
        """Raises ClientError or HTTPClientError, as botocore would, when no try gave an answer."""
        for number in range(_TRIES - 1):
            try:
                return self._once(operation, body)
            except HTTPClientError:
                pass
            except ClientError as error:
                if not _passing(error):
                    raise
            self._pause(_PAUSE * 2**number)
        return self._once(operation, body)

    def _once(self, operation: str, body: Mapping[str, object]) -> Any:
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"AmazonSSM.{operation}"}
        request = AWSRequest("POST", f"{self._endpoint}/", headers=headers, data=json.dumps(body))
        SigV4Auth(self._credentials, "ssm", self._region).add_auth(request)
        response = self._http.send(request.prepare())
        try:
            answer = json.loads(response.content)
        except ValueError:
            answer = {}
        if response.status_code >= 300:
            code = str(answer.get("__type") or response.status_code).rsplit("#", 1)[-1]
            told = {"Code": code, "Message": str(answer.get("message") or answer.get("Message") or "")}
            status = {"HTTPStatusCode": response.status_code}
            raise ClientError({"Error": told, "ResponseMetadata": status}, operation)
        return answer


def _passing(error: ClientError) -> bool:
    """Another try may help."""
    status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status >= 500 or error.response["Error"]["Code"] in ("ThrottlingException", "TooManyUpdates")
