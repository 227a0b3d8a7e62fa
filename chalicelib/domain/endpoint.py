"""Where alerts may be sent: a mail address, or an https address on the open internet; and what is on that."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from chalicelib.domain.errors import Refusal, invalid

_LONGEST = 512
_NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.ASCII)
_PLAIN_V4 = re.compile(r"(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}", re.ASCII)
_HERE = ("localhost", "local", "internal", "localdomain", "intranet", "lan", "corp", "home", "arpa", "test", "invalid")
"""Last parts of names that mean the machine itself or a network of its own, a cloud's metadata service among them."""
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_UNICAST_V6 = ipaddress.ip_network("2000::/3")
_PORTS_FROM = 1024
_HTTPS = 443

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def check(protocol: str, endpoint: str) -> str:
    """The endpoint as it will be subscribed. Raises Refusal 400 naming `endpoint`.

    Names are checked as names: what one resolves to can change at any time, and only SNS ever calls it.
    """
    if not endpoint or len(endpoint) > _LONGEST or not endpoint.isascii() or not endpoint.isprintable():
        raise _refused(f"expected 1 to {_LONGEST} printable ASCII characters")
    return _email(endpoint) if protocol == "email" else _url(endpoint)


def _email(address: str) -> str:
    local, at, domain = address.rpartition("@")
    if not at or len(address) > 254 or len(local) > 64 or not _LOCAL_PART.fullmatch(local):
        raise _refused("not a mail address")
    _check_name(domain.lower())
    return f"{local}@{domain.lower()}"


def _url(address: str) -> str:
    if " " in address or "\\" in address:
        raise _refused("a URL has neither spaces nor backslashes")
    try:
        url = urlsplit(address)
        port = url.port
    except ValueError:
        raise _refused("not a URL") from None
    if url.scheme != "https":
        raise _refused("only https:// is called")
    if "@" in url.netloc:
        raise _refused("no credentials in a URL: it is stored and shown")
    if url.fragment or "#" in address:
        raise _refused("no fragment")
    if port is not None and port != _HTTPS and port < _PORTS_FROM:
        raise _refused(f"port {_HTTPS}, or one from {_PORTS_FROM}")
    _check_host(url)
    return address


def _check_host(url: SplitResult) -> None:
    host = url.hostname or ""
    if url.netloc.startswith("[") or _PLAIN_V4.fullmatch(host):
        _check_ip(_parsed(host))
    else:
        _check_name(host)


def _check_name(host: str) -> None:
    """A last part that begins with a letter keeps out addresses in decimal, octal or hexadecimal."""
    name = host.removesuffix(".")
    if not _NAME.fullmatch(name):
        raise _refused("expected a full host name")
    if name.rpartition(".")[2] in _HERE:
        raise _refused("this name does not belong to the open internet")


def _parsed(host: str) -> Ip:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        raise _refused("not an address") from None


def _check_ip(ip: Ip) -> None:
    if not is_public(ip):
        raise _refused("not an address of the open internet")


def is_public(ip: Ip) -> bool:
    """One machine on the open internet, whatever way the address is written: nothing private is wrapped up in it."""
    inner: list[Ip | None] = [ip]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id is not None or ip not in _UNICAST_V6:
            return False
        inner += [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    return not any(one is not None and (not one.is_global or one.is_multicast) for one in inner)


def _refused(why: str) -> Refusal:
    return invalid("endpoint", why)
