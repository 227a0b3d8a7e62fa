"""Names of images that a registry would understand, and those it would not."""

import pytest

from chalicelib.domain import image
from chalicelib.domain.errors import Refusal

SHA = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    "name",
    [
        "ubuntu",
        "ubuntu:22.04",
        "pytorch/pytorch:2.4.0-cuda12.4-cudnn9-runtime",
        "docker.io/vastai/base-image:cuda-12.4.1-auto",
        "localhost:5000/a/b__c/d--e:v1",
        "ghcr.io/Owner".lower() + "/x",
        f"ubuntu@{SHA}",
        f"registry.example.com/team/x:1.0@{SHA}",
        "nvcr.io/nvidia/pytorch:24.08-py3",
    ],
)
def test_a_name_of_an_image_is_kept_as_it_is(name: str) -> None:
    assert image.check(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Ubuntu",
        "ubuntu:",
        "ubuntu:bad tag",
        "ubuntu --privileged",
        "-v/:/host",
        "https://docker.io/ubuntu",
        "docker.io//ubuntu",
        "ubuntu@sha256:123",
        "a..b",
        "a/b/",
        "/a",
        "ubuntu\n",
        "übuntu",
        "$(reboot)",
        "a" * 256,
        "a:" + "t" * 129,
        "a/" * 300 + "a",
    ],
)
def test_what_is_no_name_of_an_image_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        image.check(name)
    assert (caught.value.status, caught.value.extra) == (400, {"field": "image"})


def test_a_long_name_that_almost_fits_is_refused_at_once() -> None:
    for almost in ("a-" * 250, "a" * 511 + "!", "a." * 255 + "/", "0/" * 200 + "_"):
        with pytest.raises(Refusal):
            image.check(almost)
