"""The name of a container image, by the grammar of the OCI distribution reference."""

import re

from chalicelib.domain.errors import invalid

LONGEST = 512
_NAME_LONGEST = 255
_HOST_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"{_HOST_PART}(?:\.{_HOST_PART})*(?::[0-9]{{1,5}})?"
_PATH_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}"
_REFERENCE = re.compile(rf"((?:{_HOST}/)?{_PATH_PART}(?:/{_PATH_PART})*)(?::{_TAG})?(?:@(?:{_DIGEST}))?", re.ASCII)


def check(image: str) -> str:
    """The same name, if it is one: `[host[:port]/]path[:tag][@digest]`. Raises Refusal 400."""
    match = _REFERENCE.fullmatch(image) if len(image) <= LONGEST else None
    if match is None or len(match[1]) > _NAME_LONGEST:
        raise invalid("image", "expected a container image as [host[:port]/]path[:tag][@sha256:…], without a scheme")
    return image
