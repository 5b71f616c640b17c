"""A camera on the network, as a real stream over loopback: it comes, dies, and comes back."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from engine.hardware.camera_device import CameraDevice
from engine.ports import SourceFailed

USER, PASSWORD = "anna", "geheim"
HANG = 60.0


def jpeg(number: int) -> bytes:
    picture = np.random.default_rng(number).integers(0, 255, (12, 16, 3), np.uint8)
    large = cv2.resize(picture, (320, 240), interpolation=cv2.INTER_NEAREST)
    done, data = cv2.imencode(".jpg", large)
    assert done
    return data.tobytes()


class Stream(ThreadingHTTPServer):
    """Motion JPEG for whoever knows the password. `stop` cuts every connection."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.over = threading.Event()
        self.refused = 0
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def stop(self) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()
        self.thread.join(HANG)


class Handler(BaseHTTPRequestHandler):
    server: Stream

    def do_GET(self) -> None:
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != wanted:
            self.server.refused += 1
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        number = 0
        while not self.server.over.wait(0.05):
            number += 1
            data = jpeg(number)
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            try:
                self.wfile.write(head.encode() + data + b"\r\n")
            except OSError:
                return

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def stream() -> Iterator[Stream]:
    server = Stream()
    yield server
    server.stop()


def read_some(camera: CameraDevice, count: int = 3) -> None:
    for _ in range(count):
        frame = camera.read()
        assert frame.pixels.shape == (240, 320, 3)
        assert frame.pixels.any()
        frame.wipe()


@pytest.mark.timeout(120)
def test_a_stream_is_read_lost_with_its_server_and_read_again(
    stream: Stream, capfd: pytest.CaptureFixture[str]
) -> None:
    camera = CameraDevice(f"http://{USER}:{PASSWORD}@127.0.0.1:{stream.port}/live.mjpg")
    port = stream.port
    camera.open()
    read_some(camera)
    stream.stop()
    with pytest.raises(SourceFailed) as lost:
        read_some(camera, 1000)
    camera.close()
    with pytest.raises(SourceFailed) as away:
        camera.open()
    back = Stream(port)
    try:
        camera.open()
        read_some(camera)
    finally:
        camera.close()
        back.stop()
    said = f"{lost.value} {away.value} {capfd.readouterr()}"
    assert PASSWORD not in said
    assert USER not in said


@pytest.mark.timeout(60)
def test_a_wrong_password_is_no_picture_and_stays_out_of_the_message(
    stream: Stream, capfd: pytest.CaptureFixture[str]
) -> None:
    camera = CameraDevice(f"http://{USER}:falsch@127.0.0.1:{stream.port}/live.mjpg")
    with pytest.raises(SourceFailed) as refused:
        camera.open()
    assert stream.refused > 0
    assert "falsch" not in f"{refused.value} {capfd.readouterr()}"
