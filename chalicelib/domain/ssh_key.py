"""The consumer's public SSH key: read in full, and written again without anything that is not the key."""

import base64
import binascii
import re
from collections.abc import Callable

from chalicelib.domain.errors import Refusal, invalid

FIELD = "ssh_public_key"
LONGEST = 16_384
_RSA_LEAST_BITS = 2048
_RSA_MOST_BITS = 16_384
_PRIVATE = re.compile(r"PRIVATE KEY-----|PuTTY-User-Key-File|^\s*b3BlbnNzaC1rZXkt")
"""PEM and OpenSSH blocks, PuTTY's files, and an OpenSSH block whose first and last line were left out."""


def parse(text: str) -> str:
    """`<type> <base64>` of one OpenSSH public key; its options and comment are dropped.

    Raises Refusal 400. What was sent is never repeated: it may be a private key.
    """
    if _PRIVATE.search(text):
        raise _refused(
            "this is a private key. Send the public one (the .pub file), and replace this pair", "private_key"
        )
    if len(text) > LONGEST:
        raise _refused(f"longer than {LONGEST} characters")
    line = text.strip()
    if any(letter in line for letter in "\r\n\0"):
        raise _refused("exactly one key, on one line")
    kind, encoded = _find_key(line)
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise _refused("the part after the type is not base64") from None
    reader = _Reader(blob)
    if reader.string() != kind.encode():
        raise _refused("the type before the key is not the type inside it")
    _KINDS[kind](reader)
    if not reader.at_end():
        raise _refused("there is more in it than a key")
    return f"{kind} {base64.b64encode(blob).decode()}"


def _find_key(line: str) -> tuple[str, str]:
    """(type, base64): the first word, or the first one outside quotes after the options."""
    words = _words(line)
    for index, word in enumerate(words[:2]):
        if word in _KINDS:
            if len(words) < index + 2:
                raise _refused("the key itself is missing after its type")
            return word, words[index + 1]
    raise _refused(f"expected one of {', '.join(_KINDS)}, then the key in base64")


def _words(line: str) -> list[str]:
    """Split at blanks outside double quotes, as sshd reads its options."""
    words, word, quoted, previous = [], "", False, ""
    for letter in line:
        if letter == '"' and previous != "\\":
            quoted = not quoted
        if letter in " \t" and not quoted:
            words.append(word)
            word = ""
        else:
            word += letter
        previous = letter
    return [word for word in (*words, word) if word]


class _Reader:
    """The wire format of RFC 4251: every field is its length in four bytes, then that many."""

    def __init__(self, blob: bytes) -> None:
        self._left = blob

    def string(self) -> bytes:
        size = int.from_bytes(self._left[:4], "big")
        if len(self._left) < 4 + size or len(self._left) < 4:
            raise _refused("the key is cut short")
        value, self._left = self._left[4 : 4 + size], self._left[4 + size :]
        return value

    def number(self) -> int:
        """A positive multiple-precision integer in its shortest form."""
        value = self.string()
        if not value or value[0] & 0x80 or (value[0] == 0 and not (len(value) > 1 and value[1] & 0x80)):
            raise _refused("a number in the key is malformed")
        return int.from_bytes(value, "big")

    def at_end(self) -> bool:
        return not self._left


def _ed25519(reader: _Reader) -> None:
    if len(reader.string()) != 32:
        raise _refused("an ed25519 key is 32 bytes long")


def _rsa(reader: _Reader) -> None:
    exponent, modulus = reader.number(), reader.number()
    if exponent < 3 or exponent % 2 == 0 or modulus % 2 == 0:
        raise _refused("not an RSA key")
    if not _RSA_LEAST_BITS <= modulus.bit_length() <= _RSA_MOST_BITS:
        raise _refused(f"an RSA key must have {_RSA_LEAST_BITS} to {_RSA_MOST_BITS} bits, not {modulus.bit_length()}")


def _ecdsa(curve: str, size: int) -> Callable[[_Reader], None]:
    def check(reader: _Reader) -> None:
        named, point = reader.string(), reader.string()
        if named != curve.encode() or len(point) != 1 + 2 * size or point[0] != 4:
            raise _refused(f"not a key on {curve}")

    return check


def _of_token(check: Callable[[_Reader], None]) -> Callable[[_Reader], None]:
    """A key held by a hardware token also names the application it is for."""

    def checked(reader: _Reader) -> None:
        check(reader)
        if not reader.string():
            raise _refused("a security-key key names its application")

    return checked


_KINDS: dict[str, Callable[[_Reader], None]] = {
    "ssh-ed25519": _ed25519,
    "ecdsa-sha2-nistp256": _ecdsa("nistp256", 32),
    "ecdsa-sha2-nistp384": _ecdsa("nistp384", 48),
    "ecdsa-sha2-nistp521": _ecdsa("nistp521", 66),
    "ssh-rsa": _rsa,
    "sk-ssh-ed25519@openssh.com": _of_token(_ed25519),
    "sk-ecdsa-sha2-nistp256@openssh.com": _of_token(_ecdsa("nistp256", 32)),
}


def _refused(detail: str, code: str = "invalid_field") -> Refusal:
    return invalid(FIELD, detail, code)
