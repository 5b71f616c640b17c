"""The lens measured from boards that are rendered with a lens that is known."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from engine.__main__ import main
from engine.config import Config
from engine.config_file import load
from engine.errors import UserError
from engine.ports import Image
from engine.seeing import calibration, calibration_file
from engine.seeing.calibration import COLUMNS, FEWEST, ROWS, NotMeasured, View, find, measure
from engine.seeing.geometry import Lens, Projection, locate
from engine.seeing.optics import Model, Optics

WIDTH, HEIGHT = 640, 480
Rays = npt.NDArray[np.float64]


def normal_rays() -> Rays:
    """A webcam with barrel distortion whose centre is off the picture's."""
    matrix = np.array([[520.0, 0.0, 329.0], [0.0, 524.0, 233.0], [0.0, 0.0, 1.0]])
    bent = np.array([-0.28, 0.09, 0.001, -0.0007, 0.0])
    flat = cv2.undistortPoints(_pixels(), matrix, bent, None, None, None).reshape(-1, 2)
    return np.hstack([flat, np.ones((len(flat), 1))])


FISHEYE_FIELD = 150.0


def fisheye_rays() -> Rays:
    """An ideal equidistant lens of 150 degrees."""
    focal = WIDTH / 2 / math.radians(FISHEYE_FIELD / 2)
    off = (_pixels().reshape(-1, 2) - [WIDTH / 2 - 0.5, HEIGHT / 2 - 0.5]) / focal
    radius = np.maximum(np.linalg.norm(off, axis=1), 1e-12)
    return np.hstack([off * (np.sin(radius) / radius)[:, None], np.cos(radius)[:, None]])


def _pixels() -> npt.NDArray[np.float64]:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    return np.stack([x.ravel(), y.ravel()], 1).reshape(-1, 1, 2)


def render(rays: Rays, turn: Sequence[float], place: Sequence[float]) -> Image:
    """A board with squares of length 1, its middle at `place`, on grey."""
    rotation, _ = cv2.Rodrigues(np.array(turn, np.float64))
    origin = np.array(place, np.float64)
    away = rays @ rotation[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = (origin @ rotation[:, 2]) / away
        on_board = (rays * distance[:, None] - origin) @ rotation[:, :2]
        on_board[~np.isfinite(on_board)] = 1e3
        on_board[distance <= 0.0] = 1e3
    scale = 64
    picture = calibration.as_picture(scale)[..., 0].astype(np.float32)
    wide, high = picture.shape[1] / scale, picture.shape[0] / scale
    x = ((on_board[:, 0] + wide / 2) * scale - 0.5).reshape(HEIGHT, WIDTH).astype(np.float32)
    y = ((on_board[:, 1] + high / 2) * scale - 0.5).reshape(HEIGHT, WIDTH).astype(np.float32)
    soft = cv2.GaussianBlur(picture, (0, 0), 8.0)
    grey = cv2.remap(soft, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=120)
    return np.repeat(np.asarray(grey, np.uint8)[..., None], 3, axis=2)


def placed(spread: Sequence[float], depth: float) -> list[tuple[list[float], list[float]]]:
    """Turns and places of boards all over the picture, each tilted another way."""
    poses = []
    for k, (x, y) in enumerate((x, y) for y in (-1, 0, 1) for x in (-1, -0.4, 0.4, 1)):
        turn = [0.45 * math.cos(2.4 * k), 0.45 * math.sin(2.4 * k), 0.1 * (k % 3 - 1)]
        poses.append((turn, [x * spread[0], y * spread[1], depth]))
    return poses


@lru_cache
def boards(kind: str) -> tuple[Image, ...]:
    rays, poses = {
        "normal": (normal_rays, placed((5.0, 3.6), 15.0)),
        "fisheye": (fisheye_rays, placed((8.0, 4.5), 8.0)),
    }[kind]
    return tuple(render(rays(), *pose) for pose in poses)


@lru_cache
def views(kind: str) -> tuple[View, ...]:
    found = [find(board.copy()) for board in boards(kind)]
    return tuple(v for v in found if v is not None)


def azimuths(rays: Rays, columns: Sequence[int], row: int) -> list[float]:
    grid = rays.reshape(HEIGHT, WIDTH, 3)
    return [math.degrees(math.atan2(-grid[row, c, 0], grid[row, c, 2])) for c in columns]


CASES = [("normal", normal_rays, 66.0), ("fisheye", fisheye_rays, 110.0)]


@pytest.mark.parametrize(("kind", "rays", "configured"), CASES)
def test_a_measured_lens_says_where_every_column_looks(
    tmp_path: Path, kind: str, rays: Callable[[], Rays], configured: float
) -> None:
    assert len(views(kind)) >= FEWEST
    optics = measure(views(kind))
    assert optics.model.value == kind
    assert optics.error < 0.5
    calibration_file.keep(tmp_path, optics)
    lens = calibration_file.measured(tmp_path, Lens(WIDTH, HEIGHT, configured))
    columns = range(40, 640, 80)
    found = [lens.direction(c + 0.5, 240.5)[0] for c in columns]
    assert found == pytest.approx(azimuths(rays(), columns, 240), abs=0.4)
    wrong = [Lens(WIDTH, HEIGHT, configured).direction(c + 0.5, 240.5)[0] for c in columns]
    assert wrong != pytest.approx(azimuths(rays(), columns, 240), abs=1.0)


@pytest.mark.parametrize(("kind", "rays", "configured"), CASES)
def test_a_person_in_a_bent_picture_is_placed_by_the_measured_lens(
    tmp_path: Path, kind: str, rays: Callable[[], Rays], configured: float
) -> None:
    calibration_file.keep(tmp_path, measure(views(kind)))
    lens = calibration_file.measured(tmp_path, Lens(2 * WIDTH, 2 * HEIGHT, configured))
    for column in (60, 250, 560):
        (truth,) = azimuths(rays(), (column,), 240)
        place = locate(lens, (2 * column - 20.0, 440.0, 40.0, 160.0))
        assert place.azimuth == pytest.approx(truth, abs=0.7), "twice the size is the same lens"
        assert lens.column(lens.azimuth(2 * column)) == pytest.approx(2 * column, abs=0.01)
    low, high = lens.view(30.0)
    assert low == pytest.approx(30.0 + lens.azimuth(2 * WIDTH))
    assert high == pytest.approx(30.0 + lens.azimuth(0))


def test_a_picture_of_another_shape_keeps_the_configured_lens(tmp_path: Path) -> None:
    calibration_file.keep(tmp_path, measure(views("normal")))
    wide = Lens(1280, 720, 66.0)
    assert calibration_file.measured(tmp_path, wide) == wide


def test_tilt_is_taken_out_of_a_measured_lens_too() -> None:
    straight = Optics(Model.NORMAL, 640, 480, (500, 500), (320, 240), (0, 0, 0, 0, 0), 0.1, 9)
    lens = Lens(640, 480, 66.0, Projection.RECTILINEAR, tilt=20.0, optics=straight)
    assert lens.direction(320, 240) == pytest.approx((0.0, 20.0))


@pytest.mark.parametrize("model", Model)
def test_a_ray_without_distortion_is_the_formula(model: Model) -> None:
    none = (0.0,) * (5 if model is Model.NORMAL else 4)
    optics = Optics(model, 640, 480, (400.0, 400.0), (320.0, 240.0), none, 0.1, 9)
    forward, left, up = optics.ray(120.0, 240.0)
    slope = 200.0 / 400.0
    angle = math.atan(slope) if model is Model.NORMAL else slope
    assert math.atan2(left, forward) == pytest.approx(angle)
    assert up == pytest.approx(0.0)
    assert math.hypot(forward, left, up) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda v: v[:5], "are needed"),
        (lambda v: [v[0]] * 9, "hold it near"),
        (lambda v: [*v, View(v[0].corners, (320, 240))], "differ in size"),
        (
            lambda v: [
                View(np.random.default_rng(k).permutation(o.corners), o.size)
                for k, o in enumerate(v)
            ],
            "fit",
        ),
    ],
)
def test_what_tells_nothing_is_refused_with_what_to_do(
    spoil: Callable[[Sequence[View]], Sequence[View]], says: str
) -> None:
    with pytest.raises(NotMeasured, match=says):
        measure(spoil(views("normal")))


def test_boards_that_were_all_held_alike_are_refused() -> None:
    flat = [
        render(normal_rays(), [0.0, 0.0, 0.0], [x, y, 13.0])
        for x in (-3.5, 0.0, 3.5)
        for y in (-2.6, 0.0, 2.6)
    ]
    found = [v for v in map(find, flat) if v is not None]
    assert len(found) >= FEWEST
    with pytest.raises(NotMeasured, match="held alike"):
        measure(found, Model.NORMAL)


def test_the_board_for_the_screen_is_one_that_is_found() -> None:
    view = find(calibration.as_picture())
    assert view is not None
    assert len(view.corners) == COLUMNS * ROWS
    assert find(np.full((480, 640, 3), 90, np.uint8)) is None


def test_the_printed_board_has_all_squares_on_the_page() -> None:
    pdf = calibration.as_pdf()
    assert pdf.startswith(b"%PDF-1.4")
    drawn = [line.split() for line in pdf.splitlines() if line.endswith(b" re f")]
    assert len(drawn) == len(calibration.squares())
    for x, y, w, h, *_ in drawn:
        assert float(x) > 0
        assert float(x) + float(w) < 297 / 25.4 * 72
        assert float(y) > 0
        assert float(y) + float(h) < 210 / 25.4 * 72
    table = int(pdf.split(b"startxref\n")[1].split()[0])
    assert pdf[table:].startswith(b"xref")
    assert pdf[int(pdf[table:].splitlines()[3].split()[0]) :].startswith(b"1 0 obj")


# ----------------------------------------------------------------------- command


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HELIOTROPE_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def saved(folder: Path, kind: str = "normal") -> str:
    folder.mkdir()
    for number, board in enumerate(boards(kind)):
        cv2.imwrite(str(folder / f"{number}.png"), board)
    return str(folder)


def test_from_pictures_to_the_engine_and_back(
    tmp_path: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = saved(tmp_path / "boards")
    (tmp_path / "boards" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert main(["calibrate", "camera", "--pictures", folder, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["model"] == "normal"
    assert told["kept"] == str(state / calibration_file.FILE)
    lens = calibration_file.measured(state, Lens(640, 480, 90.0))
    assert lens.field_of_view == pytest.approx(told["field_of_view"])
    assert main(["calibrate", "camera", "--reset"]) == 0
    assert calibration_file.measured(state, Lens(640, 480, 90.0)).field_of_view == 90.0
    assert main(["calibrate", "camera", "--reset"]) == 0
    assert "there was no calibration" in capsys.readouterr().out


def test_a_dry_run_keeps_nothing(
    tmp_path: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = saved(tmp_path / "boards")
    assert main(["calibrate", "camera", "--pictures", folder, "--dry-run"]) == 0
    assert "nothing was kept" in capsys.readouterr().out
    assert not (state / calibration_file.FILE).exists()


@pytest.mark.parametrize("name", ["board.png", "board.pdf"])
def test_the_target_is_written(tmp_path: Path, state: Path, name: str) -> None:
    assert main(["calibrate", "camera", "--target", name]) == 0
    written = (tmp_path / name).read_bytes()
    assert written.startswith(b"%PDF" if name.endswith("pdf") else b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--target", "board.svg"], "neither .pdf nor .png"),
        (["--target", "nowhere/board.pdf"], "No such file"),
        (["--pictures", "nowhere"], "not a folder"),
        (["--pictures", "."], "no pictures in it"),
        (["--seconds", "nan"], "--seconds"),
        ([], "camera.source: simulated has no lens"),
    ],
)
def test_mistakes_are_told_in_one_line(
    state: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert main(["calibrate", "camera", *words]) == 2
    shown = capsys.readouterr().err
    assert says in shown
    assert shown.count("\n") == 1


def test_pictures_without_a_board_say_how_many_are_missing(
    tmp_path: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p").mkdir()
    cv2.imwrite(str(tmp_path / "p" / "a.png"), np.full((480, 640, 3), 90, np.uint8))
    assert main(["calibrate", "camera", "--pictures", "p"]) == 2
    assert "0 pictures show the whole board" in capsys.readouterr().err


GOOD = {
    "model": "normal", "width": 640, "height": 480, "focal": [500, 500], "centre": [320, 240],
    "distortion": [0, 0, 0, 0, 0], "error": 0.2, "pictures": 12,
}  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        "{", "[]", "{}",
        json.dumps({**GOOD, "model": "magic"}),
        json.dumps({**GOOD, "focal": [0, 0]}),
        json.dumps({**GOOD, "focal": [float("nan"), 500]}),
        json.dumps({**GOOD, "distortion": [0, 0]}),
        json.dumps({**GOOD, "centre": [900, 240]}),
        json.dumps({**GOOD, "width": 10**400}),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_with_the_way_out(tmp_path: Path, content: str) -> None:
    (tmp_path / calibration_file.FILE).write_text(content)
    with pytest.raises(UserError, match="--reset") as told:
        calibration_file.measured(tmp_path, Lens(640, 480, 66.0))
    assert str(tmp_path / calibration_file.FILE) in str(told.value)


def test_the_simulated_room_keeps_its_own_lens(state: Path) -> None:
    from engine.parts import lens

    state.mkdir()
    (state / calibration_file.FILE).write_text(json.dumps(GOOD))
    config: Config = load(None).config
    assert lens(config).optics is None
    real = load(None, {"HELIOTROPE_CAMERA__SOURCE": "/dev/video0",
                       "HELIOTROPE_STATE_DIR": str(state)}).config  # fmt: skip
    assert lens(real).optics is not None
