"""From pixels to directions and distances."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.core.types import Label
from engine.seeing.geometry import Lens, Projection, locate

fields = st.floats(20, 170)
projections = st.sampled_from([Projection.RECTILINEAR, Projection.EQUIDISTANT, Projection.PANORAMA])


def test_the_left_of_the_picture_is_positive() -> None:
    lens = Lens(640, 480, 66.0)
    assert lens.azimuth(0) == pytest.approx(33.0)
    assert lens.azimuth(320) == pytest.approx(0.0)
    assert lens.azimuth(640) == pytest.approx(-33.0)


@given(fields, projections, st.floats(0, 640))
def test_a_column_leads_to_an_azimuth_and_back(
    field: float, projection: Projection, x: float
) -> None:
    lens = Lens(640, 480, field, projection)
    assert lens.column(lens.azimuth(x)) == pytest.approx(x, abs=1e-6)
    assert abs(lens.azimuth(x)) <= field / 2 + 1e-9


@given(projections, st.floats(0, 640), st.floats(0, 640))
def test_further_left_is_further_counter_clockwise(
    projection: Projection, a: float, b: float
) -> None:
    assume(abs(a - b) > 1e-6)
    lens = Lens(640, 480, 100.0, projection)
    assert (a < b) == (lens.azimuth(a) > lens.azimuth(b))


def test_a_rectilinear_lens_is_not_linear_in_angle() -> None:
    lens = Lens(640, 480, 90.0, Projection.RECTILINEAR)
    assert lens.azimuth(160) == pytest.approx(math.degrees(math.atan(0.5)))
    assert Lens(640, 480, 90.0, Projection.EQUIDISTANT).azimuth(160) == pytest.approx(22.5)


@given(st.floats(-40, 40))
def test_tilting_the_camera_up_raises_what_the_middle_shows(tilt: float) -> None:
    azimuth, elevation = Lens(640, 480, 66.0, tilt=tilt).direction(320, 240)
    assert azimuth == pytest.approx(0.0)
    assert elevation == pytest.approx(tilt)


def test_tilt_widens_the_azimuths_of_what_lies_above() -> None:
    level, tilted = Lens(640, 480, 66.0), Lens(640, 480, 66.0, tilt=30.0)
    assert tilted.direction(0, 0)[0] > level.direction(0, 0)[0]


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        (66.0, Projection.RECTILINEAR),
        (120.0, Projection.RECTILINEAR),
        (160.0, Projection.EQUIDISTANT),
        (360.0, Projection.PANORAMA),
    ],
)
def test_the_field_of_view_chooses_the_projection(field: float, kind: Projection) -> None:
    assert Lens(640, 480, field).kind is kind


@pytest.mark.parametrize("field", [0.0, -1.0, 361.0, math.nan, math.inf])
def test_no_lens_has_this_field_of_view(field: float) -> None:
    with pytest.raises(ValueError, match=r"lens|field of view"):
        Lens(640, 480, field)


def test_a_rectilinear_lens_cannot_see_half_the_room() -> None:
    with pytest.raises(ValueError, match="rectilinear"):
        Lens(640, 480, 180.0, Projection.RECTILINEAR)


def box_of(
    lens: Lens, distance: float, top: float, bottom: float, azimuth: float = 0.0
) -> tuple[float, float, float, float]:
    """The box of a body between two heights at a distance straight from the pinhole."""
    scale = lens.focal / distance
    x = lens.column(azimuth)
    y1 = max(lens.height / 2 - (top - lens.mount_height) * scale, 0)
    y2 = min(lens.height / 2 - (bottom - lens.mount_height) * scale, lens.height)
    return (x - 0.25 * scale, y1, 0.5 * scale, y2 - y1)


@pytest.mark.parametrize("distance", [1.0, 1.5, 2.0, 3.0, 4.0])
@pytest.mark.parametrize(
    ("top", "bottom"), [(1.7, 0.0), (1.25, 0.0), (1.25, 0.6)], ids=["stands", "sits", "at a table"]
)
@pytest.mark.parametrize(("field", "height"), [(66.0, 1.0), (110.0, 1.2)])
def test_the_distance_is_within_two_sigma(
    distance: float, top: float, bottom: float, field: float, height: float
) -> None:
    lens = Lens(640, 480, field, mount_height=height)
    place = locate(lens, box_of(lens, distance, top, bottom))
    assert abs(place.distance - distance) < 2 * place.distance_std
    assert place.distance_std < 0.45 * distance


@given(
    st.tuples(*[st.floats(-50, 700)] * 2, *[st.floats(1, 700)] * 2),
    st.floats(30, 360),
    st.sampled_from(list(Label)),
)
def test_any_box_gets_finite_numbers(
    box: tuple[float, float, float, float], field: float, label: Label
) -> None:
    place = locate(Lens(640, 480, field), box, label)
    assert math.isfinite(place.azimuth)
    assert math.isfinite(place.distance)
    assert place.distance > 0
    assert place.distance_std > 0
    assert place.azimuth_std > 0


def test_somebody_cut_by_the_border_is_less_certain() -> None:
    lens = Lens(640, 480, 66.0)
    whole = locate(lens, (200, 50, 100, 400))
    cut = locate(lens, (0, 50, 100, 400))
    assert cut.azimuth_std > 2 * whole.azimuth_std
