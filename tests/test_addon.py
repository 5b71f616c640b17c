"""The add-on's folder: what the Supervisor and its linter ask, and that it fits the engine."""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import yaml

from engine import __version__
from engine.config_check import unwrap
from engine.config_file import settings

CHECKOUT = Path(__file__).resolve().parent.parent
ADDON = CHECKOUT / "addon"
MANIFEST: dict[str, Any] = yaml.safe_load((ADDON / "config.yaml").read_text())
LANGUAGES = ("en", "de", "fr", "es")

# What the manifest need not say: its linter calls a key with its own default an error.
DEFAULTS = {
    "apparmor": True,
    "audio": False,
    "boot": "auto",
    "docker_api": False,
    "full_access": False,
    "gpio": False,
    "hassio_api": False,
    "hassio_role": "default",
    "homeassistant_api": False,
    "host_network": False,
    "ingress_entry": "/",
    "ingress_port": 8099,
    "init": True,
    "panel_admin": True,
    "startup": "application",
    "stdin": False,
    "timeout": 10,
    "uart": False,
    "video": False,
}
PRIVILEGES = ("full_access", "host_network", "host_pid", "docker_api", "privileged", "ports")


def options() -> Iterator[tuple[str, str, Any]]:
    """Section, key and type of every option."""
    for section, keys in MANIFEST["schema"].items():
        for key, kind in keys.items():
            yield section, key, kind


OPTIONS = list(options())
SETTINGS = {path: annotation for path, annotation in settings() if len(path) == 2}


def test_what_the_supervisor_requires_is_there() -> None:
    for key in ("name", "version", "slug", "description", "arch"):
        assert MANIFEST[key]
    assert set(MANIFEST["arch"]) <= {"aarch64", "amd64"}
    assert re.fullmatch(r"[a-z0-9_]+", MANIFEST["slug"])


def test_its_version_is_the_engines_and_the_changelog_tells_of_it() -> None:
    assert MANIFEST["version"] == __version__
    assert f"## {__version__}" in (ADDON / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("key", sorted(DEFAULTS))
def test_no_key_repeats_its_default(key: str) -> None:
    assert MANIFEST.get(key) != DEFAULTS[key]


def test_it_asks_for_no_more_rights_than_it_needs() -> None:
    assert not [key for key in PRIVILEGES if key in MANIFEST]
    # With Ingress there is no port to link to, and a health check replaces the watchdog.
    assert not {"webui", "watchdog"} & set(MANIFEST)
    assert MANIFEST["ingress"] is True


def test_its_port_is_the_pages_own() -> None:
    (port,) = (a for path, a in settings() if path == ("http", "port"))
    assert get_args(port)[0] is int
    assert MANIFEST["ingress_port"] == 8765
    assert "127.0.0.1:8765/health" in (ADDON / "Dockerfile").read_text()


@pytest.mark.parametrize(("section", "key", "kind"), OPTIONS)
def test_an_option_is_the_setting_of_its_name_with_its_limits(
    section: str, key: str, kind: object
) -> None:
    annotation = SETTINGS[(section, key)]
    base, marks = unwrap(annotation)
    if isinstance(kind, list):
        assert get_origin(base) is tuple
        return
    text = str(kind).removesuffix("?")
    name, _, limits = text.removesuffix(")").partition("(")
    if name == "list":
        if isinstance(base, type) and issubclass(base, StrEnum):
            assert limits.split("|") == [member.value for member in base]
        else:
            assert base is str
        return
    expected = {"str": str, "password": str, "port": int, "int": int, "float": float, "bool": bool}
    assert expected[name] is base
    bound = marks.between
    if limits:
        assert bound is not None
        assert [float(limit) for limit in limits.split(",")] == [bound.low, bound.high]


def test_every_default_of_the_page_is_in_its_schema_and_every_other_option_is_optional() -> None:
    given = {(s, k) for s, keys in MANIFEST["options"].items() for k in keys}
    for section, key, kind in OPTIONS:
        required = isinstance(kind, str) and not kind.endswith("?")
        assert required == ((section, key) in given)
    assert given <= {(section, key) for section, key, _ in OPTIONS}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_option_is_named_and_explained_in_every_language(language: str) -> None:
    words = yaml.safe_load((ADDON / "translations" / f"{language}.yaml").read_text())
    found = {
        (section, key)
        for section, entry in words["configuration"].items()
        for key in entry["fields"]
    }
    assert found == {(section, key) for section, key, _ in OPTIONS}
    for entry in words["configuration"].values():
        for text in (entry, *entry["fields"].values()):
            assert text["name"].strip()
            assert text["description"].strip().endswith(".")


@pytest.mark.parametrize(("picture", "size"), [("icon.png", (128, 128)), ("logo.png", (250, 100))])
def test_the_pictures_have_the_sizes_that_are_shown(picture: str, size: tuple[int, int]) -> None:
    head = (ADDON / picture).read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", head[16:24]) == size


def test_the_image_is_a_debian_of_a_named_release_and_says_what_it_is() -> None:
    text = (ADDON / "Dockerfile").read_text()
    (base,) = re.findall(r"^FROM (\S+)$", text, re.MULTILINE)
    assert re.fullmatch(r"debian:[a-z]+-slim", base)
    assert 'io.hass.type="app"' in text
    assert "HEALTHCHECK" in text
    # The Supervisor's own init, and none inside.
    assert MANIFEST["init"] is False
    assert "s6" not in text


def test_the_profile_is_one_that_apparmor_reads(part: Callable[[str], str | Path]) -> None:
    parser = str(part("apparmor"))
    profile = ADDON / "apparmor.txt"
    done = subprocess.run(
        [parser, "-Q", "-K", "-T", profile], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"profile {MANIFEST['slug']} " in profile.read_text()


def test_the_repository_is_findable() -> None:
    assert yaml.safe_load((CHECKOUT / "repository.yaml").read_text())["name"]


def test_what_a_backup_leaves_out_is_evidence_alone() -> None:
    assert MANIFEST["backup_exclude"] == ["evidence/*", "way_in.json"]
