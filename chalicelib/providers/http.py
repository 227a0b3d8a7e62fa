"""The one way every market is called: paced, bounded in time and size, keyed by header only, and clear about doubt."""

import logging
import os
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from typing import NoReturn
from urllib.parse import urlencode

import msgspec
import requests
import urllib3.exceptions

from chalicelib import __version__
from chalicelib.domain.errors import LaunchUncertain, ProviderAuth, ProviderBusy, ProviderDown
from chalicelib.domain.instant import seconds
from chalicelib.domain.policy import Policy
from chalicelib.ports import CallKind, Clock, RateGate
from chalicelib.providers.answer import Answer, parse, retry_after

log = logging.getLogger(__name__)

_MIB = 1 << 20
_SIZE_CAP: Mapping[CallKind, int] = {"search": 32 * _MIB, "read": 8 * _MIB, "destroy": _MIB // 4, "create": _MIB // 4}
_PIECE = 1 << 16
_PATH = re.compile(r"(/[A-Za-z0-9_\-]+)+/?")
_RETRY_AFTER_DEFAULT = 10.0  # what the markets were recorded to ask for
_TRANSIENT = (408, 500, 502, 503, 504)


def open_session() -> requests.Session:
    """A session that listens to nobody but us.

    The environment is not trusted: a netrc would replace our credentials, a proxy variable would send keys and
    loopback calls elsewhere. Only the CA bundle is taken from it, as a person behind an inspecting firewall expects.
    """
    session = requests.Session()
    session.trust_env = False
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


class Http:
    """One market's API.

    `call` returns an Answer with a status below 500, or raises:
    ProviderBusy (429: the market did nothing), ProviderAuth (401), and for everything else that is no usable
    answer (timeout, reset, 408, 5xx, oversized) ProviderDown; a create raises LaunchUncertain there, unless the
    request surely never left (no address, refused, no connection), which is ProviderDown: nothing was created.
    403, 404 and redirects are answers: only the adapter knows what they mean in its market.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        key: str | None,
        policy: Policy,
        gate: RateGate,
        clock: Clock,
        session: Callable[[], requests.Session] = open_session,
    ) -> None:
        self.name = name
        self._base_url = base_url.rstrip("/")
        self._policy = policy
        self._gate = gate
        self._clock = clock
        self._open_session = session
        self._session = session()
        ours = {"Accept": "application/json", "User-Agent": f"cloud-gpu-shopper/{__version__}"}
        self._headers = {**self._session.headers, **ours}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    @property
    def base_url(self) -> str:
        return self._base_url

    def call(
        self,
        kind: CallKind,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Mapping[str, str] | None = None,
        read_seconds: float | None = None,
        going_on: bool = False,
    ) -> Answer:
        """Send it; reads, searches and destroys once more after a failure on the way, a create never.

        Every send but a create's waits at the gate, longer if it is `going_on` with something begun. `json` None
        sends no body.
        `read_seconds` bounds the wait for the answer, the whole of it; the policy's number for the kind if None.
        """
        if not _PATH.fullmatch(path):
            raise ValueError(f"not a path of ours: {path!r}")
        wait = read_seconds if read_seconds is not None else self._read_seconds(kind)
        if kind == "create":
            # On a connection of its own: one that died in the pool unnoticed would make a clear failure doubtful.
            with self._open_session() as session:
                return self._send(session, kind, method, path, json, params, wait)
        try:
            return self._send(self._session, kind, method, path, json, params, wait, going_on)
        except ProviderDown as first:
            log.debug("%s %s %s once more: %s", self.name, method, path, first.reason)
        return self._send(self._session, kind, method, path, json, params, wait, going_on)

    def _read_seconds(self, kind: CallKind) -> float:
        quick = kind in ("read", "destroy")
        return self._policy.http_read_seconds if quick else self._policy.http_create_seconds

    def _send(
        self,
        session: requests.Session,
        kind: CallKind,
        method: str,
        path: str,
        json: object,
        params: Mapping[str, str] | None,
        read_seconds: float,
        going_on: bool = False,
    ) -> Answer:
        if kind != "create":  # the launcher took that slot, before it wrote down its intent
            self._gate.pass_through(self.name, kind, going_on=going_on)
        began = self._clock.now()
        status, failure = 0, ""
        try:
            request = self._request(method, path, params, json)
            with session.send(
                request,
                timeout=(self._policy.http_connect_seconds, read_seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                status = response.status_code
                headers = response.headers
                content = self._read(response, _SIZE_CAP[kind], began + seconds(read_seconds))
        except requests.RequestException as error:
            # Only the kind of the failure is told: its text may hold the URL, the headers or the body.
            if _never_sent(error):
                raise ProviderDown(f"{self.name} cannot be reached ({type(error).__name__})") from None
            failure = f"no answer ({type(error).__name__})"
        except urllib3.exceptions.HTTPError as error:
            failure = f"the answer broke off ({type(error).__name__})"
        except _Unreadable as error:
            failure = str(error)
        finally:
            log.debug("%s %s %s %s %d ms", self.name, method, path, status or "-", self._clock.now() - began)
        if failure:
            self._doubt(kind, failure)
        answer = parse(status, headers, content)
        if status == 429:
            raise ProviderBusy(
                f"{self.name} limits our calls", retry_after(answer, self._clock.now(), _RETRY_AFTER_DEFAULT)
            )
        if status == 401:
            raise ProviderAuth(f"{self.name} does not accept our key")
        if status in _TRANSIENT or status >= 500:
            self._doubt(kind, f"status {status}", retry_after(answer, self._clock.now(), 5.0))
        return answer

    @cached_property
    def _prepared(self) -> requests.PreparedRequest:
        """What every request has in common. Raises RequestException for a URL that is none."""
        return requests.Request("GET", self._base_url, headers=self._headers).prepare()

    def _request(
        self, method: str, path: str, params: Mapping[str, str] | None, json: object
    ) -> requests.PreparedRequest:
        """A tenth of the work of preparing it whole: path and query are in their final form as they come."""
        request = self._prepared.copy()
        request.method = method
        request.url = f"{request.url}".rstrip("/") + path + (f"?{urlencode(params)}" if params else "")
        if json is not None:
            request.headers["Content-Type"] = "application/json"
            request.body = msgspec.json.encode(json)
        request.prepare_content_length(request.body)
        return request

    def _doubt(self, kind: CallKind, failure: str, retry_after: float = 5.0) -> NoReturn:
        reason = f"{self.name}: {failure}"
        if kind == "create":
            raise LaunchUncertain(reason)
        raise ProviderDown(reason, retry_after)

    def _read(self, response: requests.Response, cap: int, deadline: int) -> bytes:
        """The whole body, read piece by piece so that neither its size nor a slow drip can hold us."""
        content = bytearray()
        while piece := response.raw.read1(_PIECE, decode_content=True):
            content += piece
            if len(content) > cap:
                raise _Unreadable("the answer is too large")
            if self._clock.now() > deadline:
                raise _Unreadable("the answer took too long")
        return bytes(content)


class _Unreadable(Exception):
    """The answer came, but not in a size or time we accept."""


def _never_sent(error: requests.RequestException) -> bool:
    """Did the request certainly not leave this machine? When in doubt, no."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if isinstance(error, requests.ConnectionError) and error.args else None
    if isinstance(cause, urllib3.exceptions.MaxRetryError):
        cause = cause.reason
    return isinstance(cause, urllib3.exceptions.NewConnectionError)
