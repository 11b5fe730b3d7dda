"""This file tests that the image surveys' sky is one sky, painted where every WCS says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from skyatlas.sandbox.light import stars_near
from skyatlas.sandbox.sky import OBJECTS, distance
from skyatlas.sandbox.starfield import NAMED, named_in, stars_in
from skyatlas.sandbox.survey_sky import bright_in, paint

SCALE = 0.396  # arcsec
SHAPE = (900, 1200)
PLACES = [(202.469575, 47.195258), (0.0, 0.3), (359.99, -0.6), (123.4, 89.9), (321.0, -89.9),
          (40.669629, -0.013281)]  # fmt: skip


def wcs_at(
    ra: float, dec: float, *, turned: float = 0.0, kind: str = "TAN", scale: float = SCALE,
    axes: tuple[str, str] = ("RA--", "DEC-"), radesys: str = "ICRS",
) -> WCS:  # fmt: skip
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"{axis}-{kind}" for axis in axes]
    wcs.wcs.crval = ra, dec
    wcs.wcs.crpix = (SHAPE[1] + 1) / 2, (SHAPE[0] + 1) / 2
    if axes[0] == "RA--":
        wcs.wcs.radesys = radesys
    sine, cosine = np.sin(np.radians(turned)), np.cos(np.radians(turned))
    wcs.wcs.cd = scale / 3600.0 * np.array([[-cosine, sine], [sine, cosine]])
    wcs.wcs.set()
    return wcs


def painted(wcs: WCS, scale: float = SCALE) -> np.ndarray[Any, Any]:
    return paint(wcs, SHAPE, seed=1, seeing=1.3, scale=scale, zero_point=22.5, background=0.1)


def centroid(pixels: np.ndarray[Any, Any], x: float, y: float, reach: int = 7) -> tuple[float, ...]:
    column, row = round(float(x)), round(float(y))
    rows, columns = np.mgrid[row - reach : row + reach + 1, column - reach : column + reach + 1]
    light = pixels[rows, columns] - np.median(pixels[rows, columns][[0, -1]])
    return float((columns * light).sum() / light.sum()), float((rows * light).sum() / light.sum())


def pixel(wcs: WCS, ra: float, dec: float) -> tuple[float, float]:
    place = SkyCoord(ra, dec, unit="deg")
    if wcs.wcs.ctype[0].startswith("ELON"):  # astropy's world_to_pixel does not know it
        turned = place.barycentricmeanecliptic
        return tuple(wcs.wcs_world2pix([[turned.lon.deg, turned.lat.deg]], 0)[0])
    return tuple(float(value) for value in wcs.world_to_pixel(place))


def off(wcs: WCS, scale: float = SCALE) -> list[float]:
    """Pixels from where the WCS says to where the light is, for all bright stars that are alone."""
    pixels = painted(wcs, scale)
    found = []
    for star, _, _ in bright_in(wcs, SHAPE, 1):
        x, y = pixel(wcs, star.ra, star.dec)
        found.append(float(np.hypot(*np.subtract(centroid(pixels, x, y), (x, y)))))
    return found


@pytest.mark.parametrize("turned", [0.0, 33.0, 90.0])
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_bright_stars_are_where_the_wcs_says(place: tuple[float, float], turned: float) -> None:
    found = off(wcs_at(*place, turned=turned))
    assert len(found) >= 2
    assert max(found) < 0.02


@pytest.mark.parametrize("kind", ["SIN", "CAR", "ZEA", "ARC", "STG"])
def test_they_are_in_any_projection(kind: str) -> None:
    found = off(wcs_at(0.01, 0.4, kind=kind))
    assert found
    assert max(found) < 0.02


@pytest.mark.parametrize(
    ("axes", "radesys"), [(("GLON", "GLAT"), ""), (("RA--", "DEC-"), "FK5"), (("ELON", "ELAT"), "")]
)
def test_they_are_in_any_frame(axes: tuple[str, str], radesys: str) -> None:
    found = off(wcs_at(150.0, 2.0, axes=axes, radesys=radesys))
    assert found
    assert max(found) < 0.02


def test_they_are_where_declination_comes_first() -> None:
    wcs = wcs_at(202.469575, 47.195258)
    wcs.wcs.ctype = "DEC--TAN", "RA---TAN"
    wcs.wcs.crval = 47.195258, 202.469575
    wcs.wcs.set()
    stars = bright_in(wcs, SHAPE, 1)
    assert stars
    pixels = painted(wcs)
    for star, x, y in stars:
        assert np.hypot(*np.subtract(centroid(pixels, x, y), (x, y))) < 0.02
        dec, ra = wcs.all_pix2world(x, y, 0)
        assert distance((float(ra), float(dec)), (star.ra, star.dec)) < 1e-8


def test_they_are_where_lenses_distort() -> None:
    wcs = wcs_at(202.469575, 47.195258)
    from astropy.wcs import Sip

    bent = np.zeros((3, 3))
    bent[2, 0], bent[1, 1] = 3e-5, -2e-5  # some 5 pixels in the corners
    wcs.sip = Sip(bent, -bent, None, None, wcs.wcs.crpix)
    wcs.wcs.ctype = "RA---TAN-SIP", "DEC--TAN-SIP"
    found = off(wcs)
    assert found
    assert max(found) < 0.02


def test_a_galaxys_disc_does_not_move_its_centre() -> None:
    wcs = wcs_at(189.99, -11.62)
    middle = wcs.world_to_pixel(SkyCoord(189.997633, -11.623054, unit="deg"))
    pixels = painted(wcs)
    x, y = (round(float(value)) for value in middle)
    assert pixels[y - 60, x] > 0.15  # the disc is there, 24 arcsec away
    assert pixels[y - 1 : y + 2, x - 1 : x + 2].max() == pixels.max()


def test_a_picture_over_right_ascension_zero_is_painted_on_both_sides() -> None:
    sides = {star.ra > 180.0 for star, _, _ in bright_in(wcs_at(0.0, 0.3), SHAPE, 1)}
    assert sides == {True, False}


def test_two_pictures_that_overlap_show_the_same_stars() -> None:
    first, second = (bright_in(wcs_at(ra, 20.0), SHAPE, 1) for ra in (100.0, 100.02))
    common = {star for star, _, _ in first} & {star for star, _, _ in second}
    assert len(common) >= 2


def test_a_whole_sky_is_painted_with_its_named_objects() -> None:
    wcs = wcs_at(0.0, 0.0, kind="AIT", scale=1500.0)
    pixels = painted(wcs, 1500.0)
    known = next(known for known in OBJECTS if known.name == "NGC  1365")
    x, y = wcs.world_to_pixel(SkyCoord(known.ra, known.dec, unit="deg"))
    assert pixels[round(float(y)), round(float(x))] > 100.0
    assert not np.isnan(pixels).any()


def test_another_seed_has_other_stars_and_the_same_objects() -> None:
    one, other = (set(stars_in(202.469575, 47.195258, 0.2, seed)) for seed in (1, 2))
    assert {(star.ra, star.dec, star.magnitude) for star in one & other} == {
        (202.469575, 47.195258, NAMED)
    }


def test_the_fields_of_named_objects_are_those_of_the_other_archives() -> None:
    known = next(known for known in OBJECTS if known.name == "M  87")
    assert set(stars_near(known, 1)) <= set(stars_in(known.ra, known.dec, 0.9, 1))


@given(st.floats(0, 360), st.floats(-90, 90), st.floats(0.01, 0.4), st.floats(0, 1))
def test_a_small_circle_has_the_stars_of_the_large_one_that_are_in_it(
    ra: float, dec: float, radius: float, share: float
) -> None:
    small = stars_in(ra, dec, radius * share, 1)
    large = stars_in(ra, dec, radius, 1)
    inside = {s for s in large if distance((ra, dec), (s.ra, s.dec)) <= radius * share}
    assert set(small) == inside
    assert len(set(large)) == len(large)


@pytest.mark.parametrize("dec", [0.0, 60.0, 89.9, -89.9])
def test_the_stars_are_as_dense_everywhere(dec: float) -> None:
    """1024 in a square degree, all around in right ascension; fields of objects not counted."""
    for ra in (0.0, 77.0, 359.9):
        stars = set(stars_in(ra, dec, 0.7, 1)) - set(named_in(ra, dec, 0.7, 1))
        assert len(stars) == pytest.approx(1024 * np.pi * 0.7**2, rel=0.2)
