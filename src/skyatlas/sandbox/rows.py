"""This file writes the archive's table rows: ivoa.ObsCore and dbo.raw, under their own columns.

Units are those tables' own: metres in ObsCore, nanometres in dbo.raw, kilobytes for sizes; dates
are strings with a Z. A column that is missing is NULL there too. An ObsCore row says what its file
says: `em_min` is the header's WAVELMIN, in metres.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skyatlas.sandbox.clock import iso, zulu
from skyatlas.sandbox.plan import Frame, Instrument, Shot
from skyatlas.sandbox.raw import KBYTES, origfile
from skyatlas.sandbox.sky import Position, corners, ecliptic, galactic

NEVER = "2099-01-01T00:00:00.000Z"
"""Release date of what stays proprietary."""
NOWHERE = -596.52323555
"""What the archive writes as ra and dec of frames that do not look at the sky."""
_DATALINK = "archive.eso.org/datalink/links?ID=ivo://eso.org/ID?"
_FILE = "https://dataportal.eso.org/dataPortal/file/"


def polygon(places: tuple[Position, ...]) -> str:
    """Corners in ESO's words: "POLYGON J2000 ra dec ra dec …", degrees."""
    return "POLYGON J2000 " + " ".join(f"{ra:.6f} {dec:.6f}" for ra, dec in places)


def position(place: Position) -> str:
    """A place in ESO's words: "POSITION J2000 ra dec", degrees."""
    return f"POSITION J2000 {round(place[0], 6)} {round(place[1], 6)}"


def product_addresses(dp_id: str) -> dict[str, str]:
    """The columns of a reduced product's row that follow from its identifier."""
    return {
        "access_format": "application/x-votable+xml;content=datalink",
        "access_url": f"http://{_DATALINK}{dp_id}",
        "dp_id": dp_id,
        "obs_publisher_did": f"ivo://eso.org/ID?{dp_id}",
        "preview_html": f"https://archive.eso.org/dataset/{dp_id}",
    }


def raw_addresses(dp_id: str) -> dict[str, str]:
    """The columns of a raw frame's row that follow from its identifier."""
    return {
        "access_url": f"{_FILE}{dp_id}",
        "datalink_url": f"https://{_DATALINK}{dp_id}",
        "dp_id": dp_id,
    }


def obscore(shot: Shot) -> dict[str, Any]:
    """The row of a reduced product."""
    recipe, programme, dp_id = shot.recipe, shot.programme, shot.dp_id
    return {
        "access_estsize": kbytes(shot),
        **product_addresses(dp_id),
        "bib_reference": programme.reference or None,
        "calib_level": 2,
        "dataproduct_subtype": recipe.subtype or None,
        "dataproduct_type": recipe.kind,
        "facility_name": recipe.instrument.telescope,
        "filter": recipe.filter or None,
        "instrument_name": recipe.instrument.name,
        "last_mod_date": zulu(shot.created + 30.0),
        "multi_ob": "S",
        "n_obs": 1,
        "o_calib_status": "uncalibrated" if recipe.flux_unit == "adu" else "absolute",
        "o_ucd": "phot.flux.density;em.wl" if recipe.step else None,
        "obs_collection": recipe.collection,
        "obs_creator_did": f"ivo://eso.org/origfile?{shot.origfile}",
        "obs_creator_name": programme.creator,
        "obs_id": str(shot.block),
        "obs_release_date": NEVER if programme.proprietary else zulu(shot.start + 365.0),
        "obs_title": f"{shot.name} {recipe.name}",
        "obstech": recipe.tech,
        "p3orig": "EDP" if recipe.external else "IDP",
        "proposal_id": programme.identifier,
        "publication_date": zulu(shot.created),
        "release_description": (
            f"http://www.eso.org/rm/api/v1/public/releaseDescriptions/{recipe.release}"
        ),
        "target_name": shot.name,
        **_where(shot),
        **_light(shot),
    }


def _where(shot: Shot) -> dict[str, Any]:
    recipe, place = shot.recipe, (shot.ra, shot.dec)
    longitude, latitude = galactic(place)
    said: dict[str, Any] = {
        "s_ra": shot.ra,
        "s_dec": shot.dec,
        "gal_lon": round(longitude, 6),
        "gal_lat": round(latitude, 6),
    }
    if recipe.kind == "spectrum":
        return said | {
            "s_fov": 0.00027778,
            "s_region": position(place),
            "s_resolution": recipe.seeing,
        }
    said["s_fov"] = recipe.field
    said["s_region"] = polygon(corners(place, recipe.field, recipe.field, shot.rotation))
    said["s_resolution"] = recipe.seeing
    if recipe.kind != "measurements":
        said |= {"s_xel1": recipe.pixels, "s_xel2": recipe.pixels, "s_pixel_scale": recipe.scale}
    return said


def _light(shot: Shot) -> dict[str, Any]:
    recipe = shot.recipe
    return {
        "em_min": recipe.low * 1e-9,
        "em_max": recipe.top * 1e-9,
        "em_res_power": recipe.resolution or None,
        "em_xel": recipe.samples or 1,
        "t_min": round(shot.start, 8),
        "t_max": round(shot.end, 8),
        "t_exptime": recipe.seconds,
        "t_resolution": round((shot.end - shot.start) * 86400.0, 3),
        "snr": shot.snr if recipe.kind == "spectrum" else None,
        "abmaglim": 19.8 if recipe.kind in {"image", "measurements"} else None,
    }


def kbytes(shot: Shot) -> int:
    """About how large the file is, in units of 1000 bytes: headers and samples, or compressed."""
    recipe = shot.recipe
    if recipe.kind == "spectrum":
        width = 24 if recipe.instrument.name == "XSHOOTER" else 16
        return 13 + recipe.samples * width // 1000
    if recipe.kind == "measurements":
        return 20
    pixels = recipe.pixels**2
    if recipe.kind == "cube":
        return 12 + 2 * 4 * recipe.samples * pixels // 1000
    return 9 + (pixels * 9 // 10_000 if recipe.packing else pixels * 4 // 1000)


def raw(frame: Frame) -> dict[str, Any]:
    """The row of a raw frame."""
    instrument, programme, dp_id = frame.instrument, frame.programme, frame.dp_id
    science = frame.category == "SCIENCE"
    return {
        "access_estsize": KBYTES[instrument.packing],
        **raw_addresses(dp_id),
        "date_obs": f"{iso(frame.start)}0",
        "det_dit": frame.seconds,
        "det_expid": frame.number,
        "det_ndit": 1,
        "dp_cat": frame.category,
        "dp_tech": instrument.tech if frame.category != "ACQUISITION" else "IMAGE",
        "dp_type": frame.type,
        "exp_start": zulu(frame.start),
        "exposure": frame.seconds,
        "ins_mode": instrument.mode,
        "instrument": instrument.name,
        "lambda_max": instrument.high,
        "lambda_min": instrument.low,
        "last_mod_date": zulu(frame.start + 0.12),
        "mjd_obs": round(frame.start, 3),
        "ob_id": frame.block,
        "ob_name": f"{frame.name}_{instrument.mode}".replace(" ", "_"),
        "object": frame.name if frame.type in {"OBJECT", "SKY", "STD"} else frame.type,
        "obs_mode": "s" if frame.block % 3 else "v",
        "origfile": origfile(frame),
        "period": programme.period,
        "pi_coi": programme.team,
        "prog_id": programme.identifier,
        "prog_title": programme.title,
        "prog_type": 0 if science else 6,
        "release_date": NEVER if programme.proprietary else zulu(frame.start + 365.0 * science),
        "target": frame.name,
        **_pointing(frame),
        **_telescope(frame, instrument),
    }


def _pointing(frame: Frame) -> dict[str, Any]:
    if not frame.pointed:
        return {"ra": NOWHERE, "dec": NOWHERE}
    place = (frame.ra, frame.dec)
    longitude, latitude = galactic(place)
    east, north = ecliptic(place)
    return {
        "ra": frame.ra,
        "dec": frame.dec,
        "ra_pnt": round(frame.ra, 6),
        "dec_pnt": round(frame.dec, 6),
        "gal_lon": round(longitude, 6),
        "gal_lat": round(latitude, 6),
        "ecl_lon": round(east, 6),
        "ecl_lat": round(north, 6),
        "s_region": position(place),
    }


def _telescope(frame: Frame, instrument: Instrument) -> dict[str, Any]:
    airmass = 1.0 + (frame.block % 400) / 1000.0
    return {
        "tel_airm_start": airmass,
        "tel_airm_end": round(airmass + 0.006, 3),
        "tel_ambi_fwhm_start": round(0.5 + (frame.block % 97) / 97.0, 2),
        "tel_ambi_fwhm_end": round(0.55 + (frame.block % 89) / 89.0, 2),
        "tel_ambi_pres_start": 745.9,
        "tel_ambi_pres_end": 745.88,
        "tel_ambi_rhum": 8.0,
        "telescope": instrument.telescope,
        "tpl_expno": frame.number,
        "tpl_id": instrument.template,
        "tpl_name": "Observation",
        "tpl_nexp": frame.of,
        "tpl_seqno": 2,
        "tpl_start": iso(frame.start - (frame.number - 1) * 0.004)[:19],
    }


def instrument_extra(frame: Frame) -> Mapping[str, Any]:
    """Columns of the instrument's own `ist.` table beyond those of dbo.raw."""
    return {
        "exptime": frame.seconds,
        "night_flag": "night" if frame.pointed else "day",
        "moon_illu": round((frame.start % 29.53) / 29.53, 3),
        "dimm_fwhm_avg": round(0.5 + (frame.block % 97) / 97.0, 2),
    }
