"""The log: one line a record, pairs that can be parsed, no secrets."""

from __future__ import annotations

import io
import logging
import shlex
from collections.abc import Iterator

import pytest

from engine.logs import redact, start_logging


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    start_logging("info", stream)
    yield stream
    root.handlers[:], _ = before, root.setLevel(level)


def pairs(line: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(line))


def test_a_record_is_a_line_of_pairs(log: io.StringIO) -> None:
    logging.getLogger("engine.x").info("camera lost", extra={"source": "/dev/video0", "tries": 3})
    found = pairs(log.getvalue())
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "info",
        "from": "engine.x",
        "event": "camera lost",
        "source": "/dev/video0",
        "tries": "3",
    }


def test_the_level_decides(log: io.StringIO) -> None:
    logging.getLogger("x").debug("quiet")
    assert log.getvalue() == ""


def test_starting_again_replaces_the_first(log: io.StringIO) -> None:
    start_logging("warning", log)
    logging.getLogger("x").warning("once")
    assert log.getvalue().count("event=once") == 1


def test_line_breaks_and_traces_stay_on_one_line(log: io.StringIO) -> None:
    try:
        int("first\nsecond")
    except ValueError:
        logging.getLogger("x").exception('a "quoted"\nevent\x1b[2J')
    assert log.getvalue().count("\n") == 1
    assert "\x1b" not in log.getvalue()
    assert "ValueError" in log.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://bob:hunter2@camera/1",
        "mqtt://:hunter2@broker",
        "rtsp://bob:p@ss:hunter2@camera/1",
        "http://127.0.0.1:8765/?token=hunter2&x=1",
        "GET /open?link=hunter2",
        "password=hunter2",
        "mqtt.password: hunter2",
        '{"password": "hunter2 with spaces", "x": 1}',
        "{'api_key': 'hunter2'}",
        "Authorization: Bearer hunter2abc",
        "Cookie: hunter2",
        "sent basic aHVudGVyMg==hunter2",
    ],
)
def test_hides_secrets(text: str) -> None:
    assert "hunter2" not in redact(text)
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    ["/etc/passwd: not a wav file", "rtsp://camera/1", "mail to a@b.c", "two tokens", "basic rate"],
)
def test_leaves_the_rest_alone(text: str) -> None:
    assert redact(text) == text


def test_hides_secrets_wherever_they_are_passed(log: io.StringIO) -> None:
    logger = logging.getLogger("x")
    logger.warning("to %s", "rtsp://bob:hunter2@camera", extra={"token": "hunter2"})
    try:
        int("rtsp://bob:hunter2@camera/1")
    except ValueError:
        logger.exception("lost")
    assert "hunter2" not in log.getvalue()
