"""This file writes HST's pictures in their real extension layout, and what stands beside them.

Two chips (SCI, ERR, DQ each) per exposure of ACS/WFC and WFC3/UVIS, four of WFPC2; SCI, WHT, CTX
where exposures were drizzled. Layouts: ACS, WFC3 and WFPC2 Data Handbooks (STScI), and real files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.sandbox import headers
from skyatlas.sandbox.clock import iso
from skyatlas.sandbox.deliver import Card, grey, sealed, write_cards
from skyatlas.sandbox.draw import counts
from skyatlas.sandbox.mast_pictures_jpeg import jpeg
from skyatlas.sandbox.mast_pictures_plan import Visit

if TYPE_CHECKING:
    from astropy.io import fits


def exposure(visit: Visit, number: int) -> str:
    """The name of an exposure of a visit: "jabc01a1q" of "jabc01010"."""
    return f"{visit.root[:6]}a{number + 1}q"


def primary(visit: Visit, filename: str, number: int | None = None) -> fits.Header:
    """The primary header of a file of one exposure, or of all together."""
    from astropy.io import fits

    header = fits.PrimaryHDU().header
    write_cards(header, (*_who(visit, filename), *_when(visit, number)))
    return header


def _who(visit: Visit, filename: str) -> list[Card]:
    last, _, first = visit.proposal.pi.partition(", ")
    return [
        ("FILENAME", filename, "name of file"),
        ("FILETYPE", "SCI", "type of data found in data file"),
        ("TELESCOP", "HST", "telescope used to acquire data"),
        ("INSTRUME", visit.camera.instrument, "identifier for instrument"),
        ("DETECTOR", visit.camera.detector, "detector in use"),
        ("ROOTNAME", filename.partition("_")[0], "rootname of the observation set"),
        ("ASN_ID", visit.root.upper(), "unique identifier assigned to association"),
        ("TARGNAME", visit.name, "proposer's target name"),
        ("RA_TARG", visit.target.ra, "right ascension of the target (deg) (J2000)"),
        ("DEC_TARG", visit.target.dec, "declination of the target (deg) (J2000)"),
        ("EQUINOX", 2000.0, "equinox of celestial coord. system"),
        ("PROPOSID", int(visit.proposal.number), "PEP proposal identifier"),
        ("PR_INV_L", last, "last name of principal investigator"),
        ("PR_INV_F", first, "first name of principal investigator"),
        ("CAL_VER", f"{visit.camera.provenance} 10.4", "calibration code version"),
    ]


def _when(visit: Visit, number: int | None) -> list[Card]:
    start = visit.begins(number or 0)
    several = visit.exposures if number is None else 1
    seconds = visit.seconds * several
    imaging = not visit.step
    cards: list[Card] = [
        ("DATE-OBS", iso(start)[:10], "UT date of start of observation"),
        ("TIME-OBS", iso(start)[11:19], "UT time of start of observation"),
        ("EXPSTART", start, "exposure start time (Modified Julian Date)"),
        ("EXPEND", start + seconds * 1.1 / 86400.0, "exposure end time (MJD)"),
        ("EXPTIME", seconds, "exposure duration (seconds)"),
        ("EXPFLAG", "NORMAL", "Exposure interruption indicator"),
        ("OBSTYPE", "IMAGING" if imaging else "SPECTROSCOPIC", "observation type"),
    ]
    word = "FILTER" if imaging else "OPT_ELEM"
    if visit.camera.instrument == "ACS":
        return [
            *cards,
            ("FILTER1", "CLEAR1L", "element selected from filter wheel 1"),
            ("FILTER2", visit.filter, "element selected from filter wheel 2"),
        ]
    return [*cards, (word, visit.filter, "element in use")]


def drizzled(visit: Visit, filename: str) -> bytes:
    """All exposures together: SCI (electrons/s), WHT (s) and CTX."""
    import numpy as np
    from astropy.io import fits

    shot = visit.shot()
    seconds = visit.seconds * visit.exposures
    rate = counts(shot) / seconds
    header = primary(visit, filename)
    header["NEXTEND"] = (3, "Number of standard extensions")
    header["NDRIZIM"] = (visit.exposures, "Drizzle, number of images drizzled onto output")
    hdus: list[Any] = [fits.PrimaryHDU(header=header)]
    for name, pixels, unit in (
        ("SCI", rate.astype(np.float32), "ELECTRONS/S"),
        ("WHT", np.full(rate.shape, seconds, dtype=np.float32), "UNITLESS"),
        ("CTX", np.full(rate.shape, (1 << visit.exposures) - 1, dtype=np.int32), "UNITLESS"),
    ):
        hdus.append(_extension(pixels, name, 1, unit, headers.place(shot)))
    return sealed(hdus, iso(visit.end))


def calibrated(visit: Visit, filename: str, number: int) -> bytes:
    """One exposure, two chips: SCI, ERR (electrons) and DQ of chip 2, then of chip 1."""
    import numpy as np
    from astropy.io import fits

    header = primary(visit, filename, number)
    header["NEXTEND"] = (6, "Number of standard extensions")
    hdus: list[Any] = [fits.PrimaryHDU(header=header)]
    for version, (pixels, place) in enumerate(_chips(visit, number), start=1):
        quality = np.zeros(pixels.shape, dtype=np.int16)
        quality[:, 17 * version] = 128  # a bad column, as DQ flags say it
        chip = [*place, ("CCDCHIP", 3 - version, "CCD chip (1 or 2)")]
        errors = np.sqrt(np.abs(pixels)).astype(np.float32)
        hdus += [
            _extension(pixels.astype(np.float32), "SCI", version, "ELECTRONS", chip),
            _extension(errors, "ERR", version, "ELECTRONS", place),
            _extension(quality, "DQ", version, "UNITLESS", place),
        ]
    return sealed(hdus, iso(visit.end))


def raw(visit: Visit, filename: str, number: int) -> bytes:
    """One exposure as it came down: SCI in counts; ERR and DQ are constant and have no pixels."""
    import numpy as np
    from astropy.io import fits

    header = primary(visit, filename, number)
    header["NEXTEND"] = (6, "Number of standard extensions")
    hdus: list[Any] = [fits.PrimaryHDU(header=header)]
    for version, (pixels, place) in enumerate(_chips(visit, number), start=1):
        whole = np.clip(np.round(pixels), 0, 65535).astype(np.uint16)
        hdus.append(_extension(whole, "SCI", version, "COUNTS", place))
        for name in ("ERR", "DQ"):
            empty = _extension(None, name, version, "COUNTS", ())
            write_cards(empty.header, [
                ("NPIX1", whole.shape[1], "length of constant array axis 1"),
                ("NPIX2", whole.shape[0], "length of constant array axis 2"),
                ("PIXVALUE", 0.0, "values of pixels in constant array"),
            ])  # fmt: skip
            hdus.append(empty)
    return sealed(hdus, iso(visit.end))


def old(visit: Visit, filename: str, number: int) -> bytes:
    """One exposure of WFPC2 (c0m): four chips in SCI extensions, nothing else."""
    import numpy as np
    from astropy.io import fits

    shot, half = visit.shot(number), visit.camera.pixels // 2
    pixels = counts(shot)
    header = primary(visit, filename, number)
    header["NEXTEND"] = (4, "Number of standard extensions")
    hdus: list[Any] = [fits.PrimaryHDU(header=header)]
    for version, (row, column) in enumerate(((1, 1), (1, 0), (0, 0), (0, 1)), start=1):
        cut = pixels[row * half : (row + 1) * half, column * half : (column + 1) * half]
        place = [
            *_moved(headers.place(shot), column * half, row * half),
            ("DETECTOR", version, "CCD detector: 1 PC, 2-4 WFC"),
        ]
        hdus.append(_extension(cut.astype(np.float32), "SCI", version, "COUNTS", place))
    return sealed(hdus, iso(visit.end))


def association(visit: Visit, filename: str) -> bytes:
    """The table of members: exposures and the product that they become."""
    from astropy.io import fits

    names = [exposure(visit, number).upper() for number in range(visit.exposures)]
    kinds = ["EXP-DTH"] * len(names)
    columns = [
        fits.Column("MEMNAME", "14A", array=[*names, visit.root.upper()]),
        fits.Column("MEMTYPE", "14A", array=[*kinds, "PROD-DTH"]),
        fits.Column("MEMPRSNT", "L", array=[True] * (len(names) + 1)),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="ASN")
    header = primary(visit, filename)
    header["FILETYPE"] = "ASN_TABLE"
    return sealed([fits.PrimaryHDU(header=header), table], iso(visit.end))


def support(visit: Visit, filename: str, number: int) -> bytes:
    """Telemetry of the spacecraft around an exposure (spt): its names, and words of 16 bits."""
    import numpy as np
    from astropy.io import fits

    header = primary(visit, filename, number)
    header["FILETYPE"] = "SPT"
    words = np.arange(965, dtype=np.int16)
    packet = _extension(words, "UDL", 1, "", ())
    return sealed([fits.PrimaryHDU(header=header), packet], iso(visit.end))


def preview(visit: Visit) -> bytes:
    """A JPEG of the picture, 512 by 512."""
    step = max(visit.camera.pixels // 64, 1)
    return jpeg(grey(counts(visit.shot())[::step, ::step]))


def _chips(visit: Visit, number: int) -> list[tuple[Any, list[Card]]]:
    """The halves of a picture, the lower first, with their coordinates."""
    shot, half = visit.shot(number), visit.camera.pixels // 2
    pixels, place = counts(shot), headers.place(shot)
    return [(pixels[:half], place), (pixels[half:], _moved(place, 0, half))]


def _moved(place: list[Card], columns: int, rows: int) -> list[Card]:
    """The same coordinates for a cut that begins so many pixels further on."""
    shift = {"CRPIX1": columns, "CRPIX2": rows}
    return [
        (word, float(str(value)) - shift[word] if word in shift else value, comment)
        for word, value, comment in place
    ]


def _extension(pixels: Any, name: str, version: int, unit: str, cards: Any) -> fits.ImageHDU:
    from astropy.io import fits

    hdu = fits.ImageHDU(pixels, name=name, ver=version)
    write_cards(hdu.header, [("BUNIT", unit, "brightness units"), *cards] if unit else cards)
    return hdu
