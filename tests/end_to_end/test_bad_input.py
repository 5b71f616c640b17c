"""Every mistake of the caller, through the real command line: one line, a remedy, exit code 2.

One table. A case names the files it needs; `{...}` in its words stands for
them, for a folder of the test's own, and for a port that is in use.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds; a guard against a command that hangs, not a measure


@dataclass(frozen=True)
class Case:
    """`command` and `environment` with places; `says` must stand in the one line of stderr."""

    command: str
    says: str
    environment: dict[str, str] = field(default_factory=dict)


CASES = {
    # -- arguments
    "no such command": Case("chek", "did you mean check?"),
    "no such option": Case("check --zzz", "see `heliotrope check --help`"),
    "see needs a path": Case("see", "see `heliotrope see --help`"),
    "hear needs an array": Case("hear {mono}", "see `heliotrope hear --help`"),
    "no such stage": Case("bench zzz", "see `heliotrope bench --help`"),
    # -- configuration
    "no configuration": Case("check --config {gone}", "gone: no such file"),
    "a folder as configuration": Case("check --config {folder}", "is a directory"),
    "broken YAML": Case("check --config {broken}", "broken:2: is not valid YAML"),
    "a misspelt key": Case("check --config {misspelt}", "misspelt:2: camera.widht"),
    "a wrong variable": Case(
        "check", "HELIOTROPE_HTTP__PORT: http.port: must", {"HELIOTROPE_HTTP__PORT": "x"}
    ),
    "an unknown variable": Case(
        "check", "did you mean HELIOTROPE_HTTP__PORT?", {"HELIOTROPE_HTTP__PROT": "1"}
    ),
    "a key given twice": Case("check --config {twice}", "twice:3: camera.width"),
    "a value out of its range": Case("check --config {range}", "range:2: camera.field_of_view"),
    "run with a misspelt key": Case("run --config {misspelt}", "misspelt:2: camera.widht"),
    "run with no lens at all": Case("run --fov 5", "--fov 5"),
    "run with an unknown array": Case("run", "zzz", {"HELIOTROPE_MICROPHONES__ARRAY": "zzz"}),
    "run with broken YAML": Case("run --config {broken}", "broken:2: is not valid YAML"),
    "setup with broken YAML": Case(
        "setup --config {broken} --answers {misspelt}", "broken:2: is not valid YAML"
    ),
    "setup with a misspelt answer": Case(
        "setup --config {gone} --answers {misspelt}", "misspelt:2: camera.widht"
    ),
    # -- places and ports
    "check without permission": Case(
        "check", "/proc/x is not writable", {"HELIOTROPE_STATE_DIR": "/proc/x"}
    ),
    "check with a port in use": Case(
        "check", "cannot listen on 127.0.0.1:{port}", {"HELIOTROPE_HTTP__PORT": "{port}"}
    ),
    "run without permission": Case(
        "run", "/proc/x is not writable", {"HELIOTROPE_STATE_DIR": "/proc/x"}
    ),
    "run with a state_dir below a file": Case(
        "run", "is not a directory", {"HELIOTROPE_STATE_DIR": "{mono}/state"}
    ),
    "run with a port in use": Case("run", "{port}", {"HELIOTROPE_HTTP__PORT": "{port}"}),
    "run with the broker's port in use": Case("run", "{port}", {"HELIOTROPE_MQTT__PORT": "{port}"}),
    # -- recordings
    "see without a file": Case("see {gone}", "gone"),
    "see no picture": Case("see {no_video}", "no_video.mp4"),
    "see an empty folder": Case("see {folder}", "folder"),
    "hear without a file": Case("hear {gone} --array respeaker_6", "gone"),
    "hear no wav": Case("hear {no_wav} --array respeaker_6", "no_wav.wav"),
    "hear too few channels": Case(
        "hear {mono} --array respeaker_6", "mono.wav: 1 channels, but respeaker_6 has 6"
    ),
    "hear an unknown array": Case("hear {mono} --array zzz", "zzz"),
    "run without the video": Case("run --camera {gone}", "gone"),
    "run no video": Case("run --camera {no_video}", "no_video.mp4"),
    "run no wav": Case("run --microphones {no_wav}", "no_wav.wav"),
    "run too few channels": Case("run --microphones {mono}", "mono.wav: 1 channels"),
    "run an empty folder": Case("run --camera {folder}", "folder: no pictures"),
    "run a video with too little of it": Case("run --camera {stub}", "stub.mp4"),
    "run both, with too few channels": Case(
        "run --camera {picture} --microphones {mono}", "mono.wav: 1 channels"
    ),
    "check too few channels": Case(
        "check", "{mono}: 1 channels", {"HELIOTROPE_MICROPHONES__SOURCE": "{mono}"}
    ),
    "check no video": Case(
        "check", "camera: {no_video}", {"HELIOTROPE_CAMERA__SOURCE": "{no_video}"}
    ),
    # -- devices
    "check without the camera": Case(
        "check", "/dev/video97", {"HELIOTROPE_CAMERA__SOURCE": "/dev/video97"}
    ),
    "check without the microphones": Case(
        "check", "microphones: ", {"HELIOTROPE_MICROPHONES__SOURCE": "no such device"}
    ),
    "check without the servo": Case(
        "check",
        "/dev/no-servo",
        {
            "HELIOTROPE_AXIS__DRIVER": "dynamixel",
            "HELIOTROPE_AXIS__DYNAMIXEL__PORT": "/dev/no-servo",
        },
    ),
    # -- scenarios
    "no such scenario": Case("simulate zzz --seeds 1", "zzz"),
    "a broken scenario": Case("simulate {broken} --seeds 1", "broken:2"),
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("bad")
    (folder / "folder").mkdir()
    (folder / "broken").write_text("camera:\n\twidth: 1\n")
    (folder / "misspelt").write_text("camera:\n  widht: 640\n")
    (folder / "twice").write_text("camera:\n  width: 640\n  width: 320\n")
    (folder / "range").write_text("camera:\n  field_of_view: 4000\n")
    (folder / "picture.png").write_bytes(a_picture())
    # What a camera leaves behind that lost its power: the list of the pictures was to come last.
    (folder / "stub.mp4").write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isommp41" + bytes(4000))
    (folder / "no_video.mp4").write_bytes(b"this is no video" * 100)
    (folder / "no_wav.wav").write_bytes(b"this is no sound" * 100)
    with wave.open(str(folder / "mono.wav"), "wb") as mono:
        mono.setnchannels(1)
        mono.setsampwidth(2)
        mono.setframerate(16000)
        mono.writeframes(bytes(32000))
    names = ["gone", *(path.name for path in folder.iterdir())]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield {Path(n).stem: str(folder / n) for n in names} | {"port": str(taken.getsockname()[1])}


def a_picture() -> bytes:
    good, data = cv2.imencode(".png", np.full((48, 64, 3), 90, np.uint8))
    assert good
    return data.tobytes()


def heliotrope(
    words: list[str], environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would, in `folder`, with nothing else configured."""
    clean = {k: v for k, v in os.environ.items() if not (k.startswith("HELIOTROPE_") and "__" in k)}
    defaults = {
        "HELIOTROPE_STATE_DIR": str(folder / "state"),
        "HELIOTROPE_HTTP__PORT": "0",
        "PYTHONPATH": str(CHECKOUT),
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "engine", *words],
        cwd=folder,
        env=clean | defaults | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize("name", CASES)
def test_is_one_line_with_a_remedy_and_exit_code_2(
    name: str, places: dict[str, str], tmp_path: Path
) -> None:
    case = CASES[name]
    words = [word.format(**places) for word in case.command.split()]
    environment = {k: v.format(**places) for k, v in case.environment.items()}
    result = heliotrope(words, environment, tmp_path)
    assert result.returncode == 2, (result.returncode, result.stdout, result.stderr)
    (line,) = result.stderr.splitlines()
    assert line.startswith("heliotrope: ")
    assert case.says.format(**places) in line
    assert "; " in line, "it names no remedy"


def test_a_second_instance_on_one_state_directory_is_refused(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from engine.identity import Claim;"
        "claim = Claim(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    state = tmp_path / "state"
    state.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", script, str(state)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        result = heliotrope(["run"], {}, tmp_path)
        holder.kill()
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert f"is in use by process {holder.pid}; stop it" in line
