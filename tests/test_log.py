"""Records of every room come out once, in one form, without secrets."""

import json
import logging
from collections.abc import Iterator

import pytest

from chalicelib import log, settings
from chalicelib.domain.access import issue

_NAMES = ("chalicelib", "local", "cloud-gpu-shopper")


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _NAMES]
    before = [(logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


def _configure(**environ: str) -> None:
    log.configure(settings.load({"VASTAI_API_KEY": "vast-secret-key", **environ}))


def test_a_record_of_any_room_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    _configure()
    _configure()
    with log.keys(request_id="r-1"):
        logging.getLogger("chalicelib.usecases.somewhere").info("hello %s", "you", extra={"session": "s-1"})
    logging.getLogger("chalicelib.usecases.somewhere").debug("not at this level")
    logging.getLogger("cloud-gpu-shopper").error("from the framework")
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["message"], first["level"], first["session"]) == ("hello you", "INFO", "s-1")
    assert (first["request_id"], first["service"]) == ("r-1", "gpu-shopper")
    assert "request_id" not in second


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    _configure(LOG_FORMAT="text", LOG_LEVEL="warning")
    logging.getLogger("chalicelib.x").info("quiet")
    logging.getLogger("chalicelib.x").warning("loud", extra={"session": "s-1"})
    (line,) = capsys.readouterr().out.splitlines()
    assert line[8:] == " WARNING loud  session=s-1"


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_secret_comes_out_whatever_way_it_went_in(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    _configure(LOG_FORMAT=form, SHOPPER_OPERATOR_KEY="open-sesame")
    key = issue(b"x" * 38, b"pepper")[1]
    block = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----"
    logger = logging.getLogger("chalicelib.x")
    logger.info("key %s", key, extra={"headers": {"Authorization": f"Bearer {key}", "other": ["Basic dXNlcjpwYXNz"]}})
    logger.info("used open-sesame at vast-secret-key")
    try:
        raise ValueError(f"cannot use {block} of {key}")
    except ValueError:
        logger.exception("failed with %r", ValueError(block))
    text = capsys.readouterr().out
    for secret in (key.split("_")[2], "dXNlcjpwYXNz", "open-sesame", "vast-secret-key", "b3BlbnNzaC1rZXk"):
        assert secret not in text
    assert "failed with" in text
