"""One public key goes in, type and base64 come out, and nothing else gets through."""

import base64
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Refusal
from chalicelib.domain.ssh_key import LONGEST, parse

ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(b"e" * 32)


def _line(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _packed(*fields: bytes) -> str:
    return base64.b64encode(b"".join(struct.pack(">I", len(field)) + field for field in fields)).decode()


def _refusal(text: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse(text)
    assert (caught.value.status, caught.value.extra) == (400, {"field": "ssh_public_key"})
    return caught.value


GOOD = [
    _line(ED25519),
    _line(ec.derive_private_key(7, ec.SECP256R1())),
    _line(ec.derive_private_key(7, ec.SECP384R1())),
    _line(ec.derive_private_key(7, ec.SECP521R1())),
    _line(rsa.generate_private_key(65537, 2048)),
    f"sk-ssh-ed25519@openssh.com {_packed(b'sk-ssh-ed25519@openssh.com', b'k' * 32, b'ssh:')}",
    "sk-ecdsa-sha2-nistp256@openssh.com "
    + _packed(b"sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", b"\4" + b"k" * 64, b"ssh:"),
]


@pytest.mark.parametrize("line", GOOD, ids=[line.split()[0] for line in GOOD])
def test_a_key_comes_out_as_it_is_without_comment_and_options(line: str) -> None:
    assert parse(line) == line
    assert parse(f"  {line} ada@laptop and more\n") == line
    assert parse(f'no-pty,command="echo \\"hi there\\" # {line}" {line} ada@laptop') == line


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "ssh-ed25519",
        "ssh-ed25519 !!!!",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 é",
        "ssh-dss " + _packed(b"ssh-dss", b"\1"),
        "ssh-ed25519-cert-v01@openssh.com " + _packed(b"ssh-ed25519-cert-v01@openssh.com"),
        "ssh-rsa " + _line(ED25519).split()[1],
        "ssh-ed25519 " + _packed(b"ssh-ed25519", b"k" * 31),
        "ssh-ed25519 " + _packed(b"ssh-ed25519", b"k" * 32, b"more"),
        "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20short").decode(),
        "ecdsa-sha2-nistp256 " + _packed(b"ecdsa-sha2-nistp256", b"nistp384", b"\4" + b"k" * 64),
        "ecdsa-sha2-nistp256 " + _packed(b"ecdsa-sha2-nistp256", b"nistp256", b"\2" + b"k" * 32),
        "sk-ssh-ed25519@openssh.com " + _packed(b"sk-ssh-ed25519@openssh.com", b"k" * 32),
        "ssh-rsa " + _packed(b"ssh-rsa", b"\1\0\1", b"\x7f" + b"\xff" * 127),
        "ssh-rsa " + _packed(b"ssh-rsa", b"\2", b"\x7f" + b"\xff" * 255),
        "ssh-rsa " + _packed(b"ssh-rsa", b"\1\0\1", b"\xff" * 256),
        "ssh-rsa " + _packed(b"ssh-rsa", b"\1\0\1", b"\0\0" + b"\xff" * 256),
        "ssh-rsa " + _packed(b"ssh-rsa", b"\1", b"\0" + b"\xff" * 256),
        "ssh-rsa " + _packed(b"ssh-rsa", b"\4", b"\0" + b"\xff" * 256),
        "ssh-rsa " + _packed(b"ssh-rsa", b"\1\0\1", b"\0" + b"\xff" * 255 + b"\xfe"),
        "ssh-rsa " + _packed(b"ssh-rsa", b"\1\0\1", b"\0\x7f" + b"\xff" * 256),
        f"{_line(ED25519)}\n{_line(ED25519)}",
        f"{_line(ED25519)}\r{_line(ED25519)}",
        f"first second {_line(ED25519)}",
        _line(ED25519) + " " + "c" * 17_000,
    ],
)
def test_what_is_not_one_key_of_a_known_type_is_refused(text: str) -> None:
    assert _refusal(text).code == "invalid_field"


@pytest.mark.parametrize("bits", [2048, 16384])
def test_an_rsa_key_of_the_least_and_of_the_most_bits_is_taken_with_the_smallest_exponent(bits: int) -> None:
    modulus = b"\0" + b"\xff" * (bits // 8)
    line = "ssh-rsa " + _packed(b"ssh-rsa", b"\3", modulus)
    if len(line) > LONGEST:
        assert _refusal(line).code == "invalid_field"
    else:
        assert parse(line) == line


def test_an_old_rsa_key_is_told_its_size() -> None:
    short = _packed(b"ssh-rsa", b"\1\0\1", b"\0" + b"\xff" * 128)
    assert "not 1024" in _refusal(f"ssh-rsa {short}").detail


@pytest.mark.parametrize("form", [PrivateFormat.OpenSSH, PrivateFormat.PKCS8])
def test_a_private_key_is_recognised_and_never_repeated(form: PrivateFormat) -> None:
    block = ED25519.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
    body = "".join(block.splitlines()[1:-1])
    for text in (block, block.replace("\n", " "), "PuTTY-User-Key-File-3: ssh-ed25519"):
        refusal = _refusal(text)
        assert refusal.code == "private_key"
        assert body not in refusal.detail
    assert body not in _refusal(body).detail


def test_a_comment_may_say_private_key() -> None:
    assert parse(f"{_line(ED25519)} my private key at home") == _line(ED25519)


@given(st.text(max_size=300) | st.binary(max_size=200).map(lambda blob: f"ssh-rsa {base64.b64encode(blob).decode()}"))
def test_any_text_is_a_key_or_a_refusal(text: str) -> None:
    try:
        read = parse(text)
    except Refusal:
        return
    assert parse(read) == read
