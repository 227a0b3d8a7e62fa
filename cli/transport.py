"""One HTTP exchange with the service: its timeouts, its single repeat, and problem+json turned into errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.config import NO_KEY, is_local
from cli.errors import HINTS, NOT_FOUND, ApiError, CliError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import requests

CONNECT_SECONDS = 5.0
READ_SECONDS = 35.0  # the service's gateway gives up at 29


class Transport:
    """Not thread-safe; one per command."""

    def __init__(self, url: str, key: str | None, no_key: str = NO_KEY) -> None:
        self.url = url.rstrip("/")
        self._key = key
        self._no_key = no_key
        self._http: requests.Session | None = None

    def call(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]] = (),
        body: Any = None,
        headers: dict[str, str] | None = None,
        repeat: bool = False,
        accept: tuple[int, ...] = (),
    ) -> dict[str, Any]:
        """The JSON object answered. Raises ApiError, or Unreachable where no usable answer came.

        `repeat`: asking twice is as good as once, so after a lost answer or a 5xx it is asked once more.
        `accept`: statuses beyond 2xx that carry an answer and not a problem.
        """
        response = self._exchange(method, path, params, body, headers, repeat, accept)
        if response.status_code == 204:
            return {}
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if isinstance(answer, dict) and (_fine(response) or response.status_code in accept):
            return answer
        raise self._problem(response, answer)

    def _exchange(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]],
        body: Any,
        headers: dict[str, str] | None,
        repeat: bool,
        accept: tuple[int, ...],
    ) -> requests.Response:
        import requests

        http = self._open()
        sent = False
        for last in (not repeat, True):
            try:
                response = http.request(
                    method,
                    self.url + path,
                    params=list(params),
                    json=body,
                    headers=headers,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                sent = sent or not _never_left(error)
                if last:
                    raise Unreachable(f"cannot reach {self.url}: {_why(error)}", self._start_hint(), sent) from None
                continue
            if last or response.status_code < 500 or response.status_code in accept:
                return response
        raise AssertionError("the second round always ends")

    def _open(self) -> requests.Session:
        if self._http is None:
            import requests

            self._http = requests.Session()
            self._http.trust_env = not is_local(self.url)  # a proxy of the environment does not know our loopback
            self._http.auth = self._authorise  # set, so that no ~/.netrc entry replaces it
            self._http.headers["Accept"] = "application/json, application/problem+json"
        return self._http

    def _authorise(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key is not None:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request

    def _problem(self, response: requests.Response, answer: object) -> CliError:
        status = response.status_code
        if isinstance(answer, dict) and isinstance(answer.get("code"), str):
            if status == 401 and self._key is None:
                missing, _, hint = self._no_key.partition(": ")
                return ApiError(status, answer["code"], missing, hint=hint)
            words = {name: answer.get(name) for name in ("detail", "title", "field", "request_id")}
            text = {name: value if isinstance(value, str) else None for name, value in words.items()}
            detail = text["detail"] or text["title"] or f"refused ({status})"
            where = NOT_FOUND.get(_first(response)) if status == 404 and answer["code"] not in HINTS else None
            return ApiError(status, answer["code"], detail, text["field"], text["request_id"], where)
        if response.is_redirect:
            return Unreachable(
                f"{self.url} has moved to {response.headers.get('location')}", "set GPU_SHOPPER_URL to that"
            )
        if _fine(response):
            return Unreachable(f"{self.url} answers, but not like this service", "check GPU_SHOPPER_URL")
        return Unreachable(f"{self.url} answered {status} without a reason", self._start_hint())

    def _start_hint(self) -> str:
        return "start it with `make run`, or set GPU_SHOPPER_URL" if is_local(self.url) else "check GPU_SHOPPER_URL"


def _first(response: requests.Response) -> str:
    """The first word of the path that was asked for, wherever the service lies."""
    words = (response.request.path_url or "").partition("?")[0].split("/")
    return next((word for word in words if word in NOT_FOUND), "")


def _fine(response: requests.Response) -> bool:
    return 200 <= response.status_code < 300


def _never_left(error: Exception) -> bool:
    """Was there no connection that could have carried the request?"""
    import requests
    from urllib3.exceptions import NewConnectionError

    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(cause, NewConnectionError)


def _why(error: Exception) -> str:
    """The last plain word of an error that wraps others."""
    import requests

    if isinstance(error, requests.Timeout):
        return "no answer in time"
    text = str(error)
    for known in ("Connection refused", "Name or service not known", "Temporary failure in name resolution"):
        if known in text:
            return known.lower()
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate does not hold"
    return "the connection broke" if isinstance(error, requests.ConnectionError) else type(error).__name__
