"""This file makes the rows of the missions' own searches: HST's sci_… columns, JWST's keywords.

Units differ from CAOM's: HST's wavelengths are Angstroms, both missions' dates are ISO 8601 (UTC).
HST's names are those of the recorded answers; JWST's are the ones that public scripts ask for.
"""

from __future__ import annotations

from typing import Any

from skyatlas.sandbox.clock import iso
from skyatlas.sandbox.light import shines
from skyatlas.sandbox.mast_pictures_plan import Visit, polygon
from skyatlas.sandbox.sky import ecliptic, galactic

_EXPOSURES = {
    "NIRCAM/IMAGE": "NRC_IMAGE",
    "MIRI/IMAGE": "MIR_IMAGE",
    "MIRI/TARGACQ": "MIR_TACQ",
    "NIRSPEC/IFU": "NRS_IFU",
    "NIRSPEC/SLIT": "NRS_FIXEDSLIT",
}


def of_hst(visit: Visit) -> dict[str, Any]:
    """The row of a data set of HST."""
    place = (visit.target.ra, visit.target.dec)
    return {
        "sci_data_set_name": visit.root.upper(),
        "sci_targname": visit.name,
        "sci_hapnum": int(visit.camera.instrument == "ACS"),
        "sci_haspnum": 0,
        "sci_pep_id": int(visit.proposal.number),
        "sci_pi_last_name": visit.proposal.pi.partition(",")[0].upper(),
        "sci_ra": visit.target.ra,
        "sci_dec": visit.target.dec,
        "sci_program_id": visit.proposal.code.upper(),
        "sci_obset_id": visit.root[4:6].upper(),
        "sci_asn_id": visit.root.upper() if visit.exposures > 1 else None,
        "sci_target_descrip": "GALAXY;NUCLEUS" if shines(visit.target) else "STAR",
        "sci_broad_category": "GALAXY" if shines(visit.target) else "STAR",
        "sci_refnum": 3,
        "sci_pa_aper": visit.rotation,
        "sci_ecliptic_longitude": ecliptic(place)[0],
        "sci_ecliptic_latitude": ecliptic(place)[1],
        "sci_galactic_longitude": galactic(place)[0],
        "sci_galactic_latitude": galactic(place)[1],
        "sci_archive_class": "CAL",
        "sci_aec": "S",
        "sci_expflag": "NORMAL",
        "sci_fgslock": "FINE",
        "sci_mtflag": "F",
        "sci_preview_name": visit.root.upper(),
        "sci_status": "PROPRIETARY" if visit.proposal.exclusive else "PUBLIC",
        **_hst_light(visit),
        **_hst_times(visit),
    }


def _hst_light(visit: Visit) -> dict[str, Any]:
    camera, spectrum = visit.camera, bool(visit.step)
    optics = f"{visit.filter};CLEAR1L" if camera.instrument == "ACS" else visit.filter
    return {
        "sci_instrume": f"{camera.instrument:6}",  # padded, as recorded
        "sci_instrument_config": camera.name,
        "sci_operating_mode": "ACCUM",
        "sci_aper_1234": camera.detector,
        "sci_spec_1234": optics,
        "sci_obs_type": "SPECTRUM" if spectrum else "IMAGE",
        "sci_spectral_res": visit.resolution or None,
        "sci_spectrum_start": 10.0 * visit.low if spectrum else None,
        "sci_spectrum_end": 10.0 * visit.high if spectrum else None,
        "sci_central_wavelength": 5.0 * (visit.low + visit.high),
        "sci_bandwidth": 10.0 * (visit.high - visit.low),
        "sci_dispersion": 10.0 * visit.step or None,
        "sci_pixel_res": camera.field / camera.pixels,
    }


def _hst_times(visit: Visit) -> dict[str, Any]:
    return {
        "sci_actual_duration": visit.seconds * visit.exposures,
        "sci_start_time": f"{iso(visit.start)}000",
        "sci_stop_time": f"{iso(visit.end)}000",
        "sci_release_date": iso(visit.proposal.release)[:19],
        "sci_generation_date": iso(visit.end + 3.0)[:19],
        "sci_archive_date": iso(visit.end + 3.0)[:19],
    }


def of_jwst(visit: Visit, number: int) -> dict[str, Any]:
    """The row of a data set of JWST, of observation `number` of its programme."""
    filter_, _, grating = visit.filter.partition(";")
    program = int(visit.proposal.number)
    single = visit.exposures == 1
    return {
        "fileSetName": visit.root,
        "productLevel": "2b" if single else "3",
        "targprop": visit.name,
        "targname": visit.target.name,
        "targ_ra": visit.target.ra,
        "targ_dec": visit.target.dec,
        "instrume": visit.camera.instrument,
        "exp_type": _EXPOSURES[visit.camera.name],
        "opticalElements": visit.filter,
        "filter": filter_,
        "grating": grating or None,
        "date_obs": iso(visit.start),
        "date_beg": iso(visit.start),
        "date_end": iso(visit.end),
        "duration": visit.seconds * visit.exposures,
        "effexptm": visit.seconds * visit.exposures,
        "expstart": visit.start,
        "expend": visit.end,
        "program": program,
        "observtn": number,
        "visit": 1,
        "visit_id": f"{program:05d}{number:03d}001",
        "title": visit.proposal.title,
        "pi_name": visit.proposal.pi,
        "category": visit.proposal.kind,
        "subarray": "FULL",
        "targtype": "FIXED",
        "gs_v3_pa": visit.rotation,
        "s_region": polygon(visit.footprint),
        "publicReleaseDate": iso(visit.proposal.release)[:19],
        "access": "RESTRICTED" if visit.proposal.exclusive else "PUBLIC",
    }
