"""The web page: a few files of our own, served as they are, that may load nothing from anywhere else."""

import hashlib
import html
from functools import cache
from pathlib import Path

from chalicelib.api.calls import Answer, Call
from chalicelib.domain.errors import Refusal

FOLDER = Path(__file__).resolve().parents[1] / "dashboard"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'self'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    # Asked for again each time, and answered with 304 while it is the same: a new release is seen at once.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
_BASE = b'<base href="/">'


def index(call: Call[None]) -> Answer:
    return _page(call, "index.html")


def docs(call: Call[None]) -> Answer:
    return _page(call, "docs.html")


def asset(call: Call[None]) -> Answer:
    """One file beside the pages. Only what lies there has a name here: nothing that is sent becomes a path."""
    content = _files().get(call.params["name"])
    if content is None or call.params["name"].endswith(".html"):
        raise Refusal(404, "not_found", "no such file")
    return _sent(call, call.params["name"], content)


def _page(call: Call[None], name: str) -> Answer:
    """A page names its files relative to its base, which lies below the stage where the platform has one."""
    stage = call.path.rstrip("/").removesuffix("/docs")
    base = f'<base href="{html.escape(stage)}/">'.encode()
    return _sent(call, name, _files()[name].replace(_BASE, base))


def _sent(call: Call[None], name: str, content: bytes) -> Answer:
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {**_HEADERS, "Content-Type": _TYPES[Path(name).suffix], "ETag": tag}
    known = [each.strip().removeprefix("W/") for each in call.headers.get("if-none-match", "").split(",")]
    return Answer(304, b"", headers) if tag in known else Answer(200, content, headers)


@cache
def _files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in _TYPES}
