from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.vault import secrets

PATH = "/gpu-shopper/prod"


@pytest.fixture
def ssm() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("ssm", "us-east-1", aws_access_key_id="nobody", aws_secret_access_key="nothing")


def test_secrets_are_made_once_encrypted_and_read_back(ssm: Any) -> None:
    assert secrets.make_parameters(ssm, PATH) == ["signing-keys", "pepper"]
    found = secrets.from_parameters(ssm, PATH)
    assert len(found.signing_keys[0]) == len(found.pepper) == 32
    assert ssm.get_parameter(Name=f"{PATH}/pepper")["Parameter"]["Type"] == "SecureString"
    assert secrets.make_parameters(ssm, PATH) == []
    assert secrets.from_parameters(ssm, PATH) == found


def test_an_earlier_signing_key_is_kept_on_a_line_of_its_own(ssm: Any) -> None:
    secrets.make_parameters(ssm, PATH)
    ssm.put_parameter(Name=f"{PATH}/signing-keys", Value="aa" * 32 + "\n" + "bb" * 32, Overwrite=True)
    assert secrets.from_parameters(ssm, PATH).signing_keys == (b"\xaa" * 32, b"\xbb" * 32)


def test_a_missing_secret_is_never_made_by_who_reads_it(ssm: Any) -> None:
    with pytest.raises(secrets.SecretMissing, match="signing-keys"):
        secrets.from_parameters(ssm, PATH)
    assert ssm.describe_parameters()["Parameters"] == []


def test_who_checks_no_keys_leaves_the_pepper_unread(ssm: Any) -> None:
    ssm.put_parameter(Name=f"{PATH}/signing-keys", Value="aa" * 32, Type="SecureString")
    assert secrets.from_parameters(ssm, PATH, pepper=False).pepper == b""
