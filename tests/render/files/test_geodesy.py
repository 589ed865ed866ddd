"""Local frame to WGS 84 against Vincenty's direct formula, which shares no step with the code."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualsense.render._files.geodesy import FLATTENING, SEMI_MAJOR_M, local_to_wgs84


def vincenty_direct(latitude_deg, longitude_deg, azimuth_deg, distance_m):
    """Vincenty (1975), direct problem on the ellipsoid at height zero."""
    f, a = FLATTENING, SEMI_MAJOR_M
    b = a * (1.0 - f)
    phi, alpha = math.radians(latitude_deg), math.radians(azimuth_deg)
    tan_u = (1.0 - f) * math.tan(phi)
    cos_u = 1.0 / math.sqrt(1.0 + tan_u**2)
    sin_u = tan_u * cos_u
    sigma_1 = math.atan2(tan_u, math.cos(alpha))
    sin_alpha = cos_u * math.sin(alpha)
    cos2_alpha = 1.0 - sin_alpha**2
    u2 = cos2_alpha * (a**2 - b**2) / b**2
    big_a = 1.0 + u2 / 16384.0 * (4096.0 + u2 * (-768.0 + u2 * (320.0 - 175.0 * u2)))
    big_b = u2 / 1024.0 * (256.0 + u2 * (-128.0 + u2 * (74.0 - 47.0 * u2)))
    sigma = distance_m / (b * big_a)
    for _ in range(20):
        cos_2m = math.cos(2.0 * sigma_1 + sigma)
        delta = big_b * math.sin(sigma) * (cos_2m + big_b / 4.0 * math.cos(sigma) * (2.0 * cos_2m**2 - 1.0))
        sigma = distance_m / (b * big_a) + delta
    across = sin_u * math.sin(sigma) - cos_u * math.cos(sigma) * math.cos(alpha)
    latitude = math.atan2(
        sin_u * math.cos(sigma) + cos_u * math.sin(sigma) * math.cos(alpha),
        (1.0 - f) * math.sqrt(sin_alpha**2 + across**2),
    )
    lam = math.atan2(
        math.sin(sigma) * math.sin(alpha), cos_u * math.cos(sigma) - sin_u * math.sin(sigma) * math.cos(alpha)
    )
    c = f / 16.0 * cos2_alpha * (4.0 + f * (4.0 - 3.0 * cos2_alpha))
    cos_2m = math.cos(2.0 * sigma_1 + sigma)
    longitude = lam - (1.0 - c) * f * sin_alpha * (sigma + c * math.sin(sigma) * cos_2m)
    return math.degrees(latitude), longitude_deg + math.degrees(longitude)


def separation_m(latitude, longitude, other_latitude, other_longitude):
    north = math.radians(latitude - other_latitude) * 6.37e6
    around = (longitude - other_longitude + 180.0) % 360.0 - 180.0
    return math.hypot(north, math.radians(around) * 6.37e6 * math.cos(math.radians(latitude)))


@given(
    latitude=st.floats(-80.0, 80.0),
    longitude=st.floats(-180.0, 180.0),
    azimuth=st.floats(-360.0, 720.0),
    x_m=st.floats(-100.0, 100.0),
    y_m=st.floats(-100.0, 100.0),
)
def test_agrees_with_vincenty_within_a_millimetre(latitude, longitude, azimuth, x_m, y_m):
    found = local_to_wgs84(x_m, y_m, (latitude, longitude, 0.0, azimuth))
    # y is to the left of x: the bearing turns against the clock with y.
    bearing = azimuth + math.degrees(math.atan2(-y_m, x_m))
    expected = vincenty_direct(latitude, longitude, bearing, math.hypot(x_m, y_m))
    assert separation_m(float(found[0]), float(found[1]), *expected) < 1e-3


@pytest.mark.parametrize(
    ("azimuth", "x_m", "y_m", "north", "east"),
    (
        (0.0, 1.0, 0.0, 1.0, 0.0),
        (0.0, 0.0, 1.0, 0.0, -1.0),
        (90.0, 1.0, 0.0, 0.0, 1.0),
        (90.0, 0.0, 1.0, 1.0, 0.0),
        (225.0, math.sqrt(2.0), 0.0, -1.0, -1.0),
    ),
)
def test_axes_point_where_the_azimuth_says(azimuth, x_m, y_m, north, east):
    latitude, longitude = local_to_wgs84(x_m, y_m, (13.0, 103.0, 0.0, azimuth))
    assert math.radians(float(latitude) - 13.0) * 6.339e6 == pytest.approx(north, abs=2e-3)
    across = math.radians(float(longitude) - 103.0) * 6.379e6 * math.cos(math.radians(13.0))
    assert across == pytest.approx(east, abs=2e-3)


def test_origin_maps_to_itself_at_any_height():
    for height_m in (-400.0, 0.0, 4000.0):
        latitude, longitude = local_to_wgs84(0.0, 0.0, (48.123456789, 37.987654321, height_m, 12.0))
        assert float(latitude) == pytest.approx(48.123456789, abs=1e-11)
        assert float(longitude) == pytest.approx(37.987654321, abs=1e-11)


def test_longitude_wraps_at_the_date_line():
    _, longitude = local_to_wgs84([10.0, -10.0], 0.0, (0.0, 180.0, 0.0, 90.0))
    assert np.all((longitude >= -180.0) & (longitude < 180.0))
    assert longitude[0] < 0.0 < longitude[1]


def test_height_shrinks_the_step_in_degrees():
    low = local_to_wgs84(100.0, 0.0, (45.0, 0.0, 0.0, 0.0))[0] - 45.0
    high = local_to_wgs84(100.0, 0.0, (45.0, 0.0, 4000.0, 0.0))[0] - 45.0
    assert float(high / low) == pytest.approx(1.0 - 4000.0 / 6.37e6, abs=1e-5)
