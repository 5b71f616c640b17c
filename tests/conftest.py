"""What the tests need from the machine: found, or skipped with the reason, or failed.

A test names a part with `@pytest.mark.needs("mosquitto", "data")`. Where the part
is absent the test skips and a closing list says what was left out and how to get
it; with HELIOTROPE_REQUIRE=all (or a comma-separated list of parts) it fails
instead. This file knows how to look for a part; it installs and starts nothing.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]

# How long an example takes is the machine's affair: a busy one must not fail a property.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Part:
    """`find` returns what stands in for the part, or None; `remedy` is how to get it."""

    find: Callable[[], str | Path | None]
    remedy: str


def _program(*names: str) -> Callable[[], str | None]:
    def find() -> str | None:
        # Debian keeps daemons in sbin, which an ordinary user's PATH leaves out.
        path = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
        return next((found for name in names if (found := shutil.which(name, path=path))), None)

    return find


def _module(*names: str) -> Callable[[], str | None]:
    return lambda: names[0] if all(importlib.util.find_spec(n) for n in names) else None


def _data() -> Path | None:
    data = Path(os.environ.get("HELIOTROPE_DATA") or CHECKOUT.parent / "shared" / "data")
    return data if data.is_dir() else None


def work_folder() -> Path:
    """Where large things that tests fetch are kept between runs."""
    return Path(os.environ.get("HELIOTROPE_WORK") or Path.home() / ".cache" / "heliotrope-test")


def _home_assistant() -> Path | None:
    hass = work_folder() / "homeassistant" / "venv" / "bin" / "hass"
    # The recipe writes `ready` last.
    return hass if hass.with_name("ready").exists() and _program("mosquitto")() else None


def _debootstrap() -> str | None:
    return _program("debootstrap")() if os.geteuid() == 0 else None


def _chromium() -> str | None:
    browser = _program("chromium", "chromium-browser", "google-chrome")()
    return browser if _module("playwright")() else None


def _speech() -> Path | None:
    folder = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
    return folder if folder.is_dir() else None


PARTS: dict[str, Part] = {
    "apprise": Part(_module("apprise"), "pip install 'heliotrope[alerts]'"),
    "apparmor": Part(_program("apparmor_parser"), "apt install apparmor"),
    "chromium": Part(_chromium, "apt install chromium, and playwright from the dev extra"),
    "data": Part(_data, "put the recordings in ../shared/data, or name them in HELIOTROPE_DATA"),
    "debootstrap": Part(_debootstrap, "apt install debootstrap, and run the tests as root"),
    "ffmpeg": Part(_program("ffmpeg"), "apt install ffmpeg"),
    "homeassistant": Part(_home_assistant, "script/get-home-assistant, and apt install mosquitto"),
    "mosquitto": Part(_program("mosquitto"), "apt install mosquitto"),
    "openssl": Part(_program("openssl"), "apt install openssl"),
    "ruckig": Part(_module("ruckig"), "pip install ruckig (has wheels for x86-64 only)"),
    "sim": Part(_module("amqtt", "matplotlib", "pyroomacoustics"), "pip install 'heliotrope[sim]'"),
    "speech": Part(_speech, "apt install asterisk-core-sounds-en-g722"),
    "systemd": Part(_program("systemd-analyze"), "apt install systemd"),
    "wake-word": Part(
        _module("pymicro_wakeword"), "pip install 'heliotrope[hearing]'; wants glibc 2.35 or newer"
    ),
}


@cache
def _found(name: str) -> str | Path | None:
    return PARTS[name].find()


def _required(name: str) -> bool:
    wanted = os.environ.get("HELIOTROPE_REQUIRE", "").replace(" ", "").split(",")
    return "all" in wanted or name in wanted


def require(name: str) -> str | Path:
    """The part called `name`; skips the running test, or fails it where the part is required."""
    if name not in PARTS:
        pytest.fail(f"needs({name!r}): no such part; choose from {', '.join(PARTS)}", pytrace=False)
    found = _found(name)
    if found is None:
        reason = f"needs {name}: not found; {PARTS[name].remedy}"
        if _required(name):
            pytest.fail(f"{reason} (HELIOTROPE_REQUIRE is set)", pytrace=False)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def part() -> Callable[[str], str | Path]:
    """`part("mosquitto")` is where that part was found; skips or fails like the marker."""
    return require


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real recordings."""
    return Path(require("data"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"needs(part, ...): parts of the machine a test needs: {', '.join(PARTS)}"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that keep one worker for long (they carry a group) start first, beside the others."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            require(name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, why, and how many tests that was."""
    left_out: dict[str, int] = defaultdict(int)
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        left_out[str(reason).removeprefix("Skipped: ")] += 1
    if not left_out:
        return
    terminalreporter.section("left out on this machine")
    for reason, count in sorted(left_out.items()):
        terminalreporter.line(f"{count:4d} {'test' if count == 1 else 'tests'}: {reason}")
