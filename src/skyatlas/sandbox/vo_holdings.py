"""This file makes what the invented publishers hold: data sets with ObsCore rows, and sources.

Invariant: an ObsCore row is the truth of a data set; all services' own columns are made from it.
Nothing is drawn before its bytes are wanted, and the seed decides everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from urllib.parse import quote

from skyatlas.sandbox import vo_files
from skyatlas.sandbox.clock import snap, zulu
from skyatlas.sandbox.item import Item, Link, NamedObject
from skyatlas.sandbox.light import Star, stars_near
from skyatlas.sandbox.plan import Instrument, Programme, Recipe, Shot
from skyatlas.sandbox.publisher import Collection, Publisher
from skyatlas.sandbox.sky import OBJECTS, chance, corners, distance, shifted
from skyatlas.sandbox.vo_files import Plate

FITS = "application/fits"
LINKS = "application/x-votable+xml;content=datalink"
_UNIT = "erg cm**(-2) s**(-1) angstrom**(-1)"
_SEEING = 1.2  # arcsec
_OBJECTS: Mapping[str, NamedObject] = {known.name: known for known in OBJECTS}


@dataclass(frozen=True, slots=True)
class Source:
    """One row of a catalogue."""

    name: str
    ra: float
    """Degrees ICRS."""
    dec: float
    magnitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet(Item):
    """One file of a publisher; `dp_id` is the publisher's identifier, `row` is ObsCore's."""

    plate: Plate
    """What its file and its preview are drawn from."""


def sources(collection: Collection, seed: int) -> tuple[Source, ...]:
    """The `each` stars nearest to each target of a catalogue, the nearest first."""
    return tuple(
        Source(f"{collection.name} {number:05}", star.ra, star.dec, star.magnitude)
        for number, star in enumerate(_stars(collection, seed), start=1)
    )


def _stars(collection: Collection, seed: int) -> Iterator[Star]:
    for name in collection.targets:
        target = _OBJECTS[name]
        here = (target.ra, target.dec)
        near = sorted(
            (distance(here, (star.ra, star.dec)), star.ra, star)
            for star in stars_near(target, seed)
        )
        yield from (star for _, _, star in near[: collection.each])


@lru_cache(maxsize=512)
def items(publisher: Publisher, seed: int) -> tuple[DataSet, ...]:
    """All data sets of a publisher."""
    found = [
        _item(publisher, collection, shot, number)
        for collection in publisher.collections
        for number, shot in enumerate(_shots(publisher, collection, seed), start=1)
    ]
    return tuple(replace(item, links=tuple(_links(item, found))) for item in found)


def find(publisher: Publisher, seed: int, dp_id: str) -> DataSet | None:
    """The data set of that identifier, or None."""
    return _by_identifier(publisher, seed).get(dp_id)


@lru_cache(maxsize=512)
def _by_identifier(publisher: Publisher, seed: int) -> Mapping[str, DataSet]:
    return {item.dp_id: item for item in items(publisher, seed)}


def identifier(publisher: Publisher, filename: str) -> str:
    """The publisher's identifier of a file."""
    return f"ivo://{publisher.authority}/~?{filename}"


def _shots(publisher: Publisher, collection: Collection, seed: int) -> Iterator[Shot]:
    for name in collection.targets:
        for band in collection.bands:
            for count in range(collection.each if collection.kind != "catalogue" else 0):
                yield _shot(publisher, collection, _OBJECTS[name], band, (seed, count))


def _shot(
    publisher: Publisher,
    collection: Collection,
    target: NamedObject,
    band: tuple[str, float, float],
    turn: tuple[int, int],
) -> Shot:
    seed, count = turn
    random = chance(seed, collection.name, target.name, band[0], count)
    recipe = _recipe(collection, band)
    reach = recipe.field / 20.0
    east, north = (float(x) for x in random.uniform(-reach, reach, 2))
    ra, dec = shifted((target.ra, target.dec), east, north)
    start = snap(collection.epoch + 7.0 * count + float(random.uniform(0.0, 0.4)))
    return Shot(
        dp_id=f"{collection.name}/{target.name}/{band[0]}/{count}",
        recipe=recipe,
        target=target,
        name=" ".join(target.name.split()),
        programme=Programme(f"{publisher.name}-1", publisher.title, "", collection.description),
        start=start,
        ra=round(ra, 6),
        dec=round(dec, 6),
        seed=seed,
        rotation=float(round(random.uniform(0.0, 30.0))) if collection.kind == "image" else 0.0,
        snr=round(float(random.uniform(20.0, 60.0)), 1),
        created=start + 30.0,
    )


def _recipe(collection: Collection, band: tuple[str, float, float]) -> Recipe:
    name, low, high = band[0], round(band[1] * 1e9, 6), round(band[2] * 1e9, 6)
    instrument = Instrument(collection.instrument, "", collection.facility, "", "", "")
    step = (high - low) / (collection.samples - 1) if collection.samples else 0.0
    spectrum = collection.kind == "spectrum"
    return Recipe(
        name=collection.name,
        instrument=instrument,
        collection=collection.name,
        kind=collection.kind,
        category="",
        low=low,
        high=high,
        step=step,
        resolution=round((low + high) / 4.0 / step, 1) if step else 0.0,
        filter=name,
        pixels=0 if spectrum else collection.pixels,
        scale=0.0 if spectrum else collection.scale,
        seeing=max(_SEEING, 2.0 * collection.scale),
        seconds=collection.seconds,
        air=False,
        wave_unit="Angstrom" if high < 1e5 else "um",
        flux_unit=_UNIT,
    )


def _item(publisher: Publisher, collection: Collection, shot: Shot, number: int) -> DataSet:
    filename = f"{collection.name.lower()}-{number:04}.fits"
    old = any("old-utypes" in service.habits for service in publisher.services)
    plate = Plate(
        shot, publisher.title, identifier(publisher, filename), collection.polarised, not old
    )
    return DataSet(
        archive=publisher.host,
        dp_id=plate.identifier,
        filename=filename,
        content_type=FITS,
        make=partial(vo_files.make, plate),
        table="ivoa.obscore",
        row=_row(publisher, collection, plate, filename),
        plate=plate,
    )


def linked(publisher: Publisher) -> bool:
    """Whether its access URLs are DataLink documents."""
    return any("datalink" in service.habits for service in publisher.services)


def links_url(publisher: Publisher, dp_id: str) -> str:
    """The address of a data set's DataLink document."""
    return f"https://{publisher.host}/links?ID={quote(dp_id, safe='')}"


def file_url(publisher: Publisher, filename: str) -> str:
    """The address of a file."""
    return f"https://{publisher.host}/data/{filename}"


def _row(
    publisher: Publisher, collection: Collection, plate: Plate, filename: str
) -> dict[str, object]:
    shot, links = plate.shot, linked(publisher)
    recipe = shot.recipe
    url = links_url(publisher, plate.identifier) if links else file_url(publisher, filename)
    return {
        "dataproduct_type": recipe.kind,
        "calib_level": collection.calib_level,
        "obs_collection": collection.name,
        "obs_id": filename.partition(".")[0],
        "obs_title": f"{shot.name} {recipe.filter}, {collection.instrument}",
        "obs_publisher_did": plate.identifier,
        "obs_creator_name": publisher.title,
        "obs_release_date": zulu(shot.created),
        "data_rights": "public",
        "access_url": url,
        "access_format": LINKS if links else FITS,
        "access_estsize": -(-vo_files.size(plate) // 1000),
        "target_name": shot.name,
        "facility_name": collection.facility,
        "instrument_name": collection.instrument,
        "filter": recipe.filter,
        **_where(shot),
        **_light(plate),
    }


def _where(shot: Shot) -> dict[str, object]:
    recipe, place = shot.recipe, (shot.ra, shot.dec)
    said: dict[str, object] = {"s_ra": shot.ra, "s_dec": shot.dec, "s_resolution": recipe.seeing}
    if recipe.kind == "spectrum":
        aperture = 2.0 / 3600.0
        region = f"CIRCLE ICRS {shot.ra} {shot.dec} {aperture / 2:.8f}"
        return said | {"s_fov": round(aperture, 8), "s_region": region}
    outline = corners(place, recipe.field, recipe.field, shot.rotation)
    text = " ".join(f"{ra:.6f} {dec:.6f}" for ra, dec in outline)
    return said | {
        "s_fov": round(recipe.field, 6),
        "s_region": f"POLYGON ICRS {text}",
        "s_xel1": recipe.pixels,
        "s_xel2": recipe.pixels,
        "s_pixel_scale": recipe.scale,
    }


def _light(plate: Plate) -> dict[str, object]:
    shot, recipe = plate.shot, plate.shot.recipe
    said: dict[str, object] = {
        "t_min": shot.start,
        "t_max": shot.end,
        "t_exptime": recipe.seconds,
        "em_min": round(recipe.low * 1e-9, 15),
        "em_max": round(recipe.top * 1e-9, 15),
        "o_ucd": "phot.count" if recipe.kind == "image" else "phot.flux.density;em.wl",
        "o_calib_status": "uncalibrated" if recipe.kind == "image" else "absolute",
    }
    if recipe.step:
        said |= {"em_res_power": recipe.resolution, "em_xel": recipe.samples}
    if recipe.kind == "spectrum":
        said["snr"] = shot.snr
    if plate.polarised:
        said |= {"pol_states": "/I/Q/U/V/", "pol_xel": len(vo_files.STOKES)}
    return said


def _links(item: DataSet, every: list[DataSet]) -> Iterator[Link]:
    """An image and a cube of one target point at each other, as in life; some point nowhere."""
    kind = {"image": "cube", "cube": "image"}.get(str(item.row["dataproduct_type"]))
    same = (
        other
        for other in every
        if other.row["dataproduct_type"] == kind
        and other.row["target_name"] == item.row["target_name"]
    )
    for other in islice(same, 1):
        yield Link("#coderived", other.dp_id, f"{other.row['obs_title']} of the same field")
    if item.filename.endswith("5.fits"):
        yield Link("#progenitor", f"{item.dp_id}.raw", "Raw frame, lost in the move")
