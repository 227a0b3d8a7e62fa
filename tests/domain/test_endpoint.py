"""Where alerts may be sent, and where never."""

import pytest

from chalicelib.domain.endpoint import check
from chalicelib.domain.errors import Refusal

GOOD = (
    "https://hooks.example.com/services/T0/B0?x=1",
    "https://hooks.example.com:8443/a",
    "https://hooks.example.com:443/",
    "https://xn--bcher-kva.example/",
    "https://93.184.216.34/hook",
    "https://[2606:2800:220:1:248:1893:25c8:1946]/hook",
    "https://example.com.",
)
BAD = (
    "http://hooks.example.com/", "ftp://hooks.example.com/", "//hooks.example.com/", "hooks.example.com", "https://",
    "https:///path", "https://user:pass@hooks.example.com/", "https://user@hooks.example.com/", "https://@a.example/",
    "https://localhost/", "https://LOCALHOST./", "https://foo.localhost/", "https://printer.local/", "https://router/",
    "https://metadata.google.internal/computeMetadata", "https://db.corp/", "https://1.0.0.127.in-addr.arpa/",
    "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/",
    "https://0177.0.0.1/", "https://017700000001/", "https://127.0.0.1.:443/", "https://0/", "https://0.0.0.0/",
    "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.1.1/", "https://169.254.169.254/",
    "https://169.254.170.2/", "https://100.64.0.1/", "https://198.18.0.1/", "https://224.0.0.1/", "https://240.0.0.1/",
    "https://255.255.255.255/", "https://[::1]/", "https://[::]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/", "https://[fd00:ec2::254]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:a9fe:a9fe]/",
    "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[ff02::1]/", "https://[::127.0.0.1]/",
    "https://999.1.1.1/", "https://1.2.3/", "https://1.2.3.4.5/", "https://[1::2::3]/", "https://[127.0.0.1/",
    "https://a.example:22/", "https://a.example:0/", "https://a.example:70000/", "https://a.example:x/",
    "https://a.example/#x", "https://a.example\\@127.0.0.1/", "https://a b.example/", "https://a.example/\r\nHost: x",
    "https://ⓛocalhost/", "https://１２７.0.0.1/", "https://127%2e0.0.1/", "https://-a.example/", "https://a..example/",
    "https://a_b.example/", "https://" + "a" * 600 + ".example/", "javascript:alert(1)", "",
)  # fmt: skip


@pytest.mark.parametrize("url", GOOD)
def test_an_https_address_on_the_open_internet_is_taken_as_it_is(url: str) -> None:
    assert check("https", url) == url


@pytest.mark.parametrize("url", BAD)
def test_an_address_that_leads_inside_or_is_none_is_refused(url: str) -> None:
    with pytest.raises(Refusal) as refused:
        check("https", url)
    assert (refused.value.status, refused.value.extra) == (400, {"field": "endpoint"})


def test_a_mail_address_is_kept_with_its_domain_in_lower_case() -> None:
    assert check("email", "Ada.Lovelace+gpu@Example.COM") == "Ada.Lovelace+gpu@example.com"


@pytest.mark.parametrize(
    "address",
    [
        "ada", "@example.com", "ada@", "ada@localhost", "ada@[127.0.0.1]", "ada@127.0.0.1", "a b@example.com",
        "ada@example.com\nBcc: x@example.com", "ada@example.com, bob@example.com", "<a@example.com>", ".a@example.com",
        "a" * 65 + "@example.com", "mailto:ada@example.com@",
    ],
)  # fmt: skip
def test_what_is_no_mail_address_is_refused(address: str) -> None:
    with pytest.raises(Refusal):
        check("email", address)
