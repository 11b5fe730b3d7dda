"""This file writes JWST's pictures and cubes in their real extension layout, with their companions.

Layouts: JWST calibration pipeline, "Science products" (jwst-pipeline.readthedocs.io), and real
files. Surface brightness in MJy/sr from stage 2b on, DN/s before; the pixels are made up.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from skyatlas.sandbox import headers
from skyatlas.sandbox.clock import iso
from skyatlas.sandbox.deliver import Card, grey, sealed, write_cards
from skyatlas.sandbox.draw import counts, cube
from skyatlas.sandbox.mast_pictures_jpeg import jpeg
from skyatlas.sandbox.mast_pictures_plan import Visit

if TYPE_CHECKING:
    import numpy as np
    from astropy.io import fits
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_BRIGHT = 1e-3  # MJy/sr of one count
_ASDF = b"#ASDF 1.0.0\n#ASDF_STANDARD 1.5.0\n%YAML 1.1\n--- {}\n...\n"


def primary(visit: Visit, filename: str, model: str, number: int | None = None) -> fits.Header:
    """The primary header of a file of one exposure, or of all together."""
    from astropy.io import fits

    header = fits.PrimaryHDU().header
    write_cards(header, (*_who(visit, filename, model), *_when(visit, number)))
    return header


def _who(visit: Visit, filename: str, model: str) -> list[Card]:
    filter_, _, grating = visit.filter.partition(";")
    cards: list[Card] = [
        ("FILENAME", filename, "Name of the file"),
        ("ORIGIN", "STSCI", "Organization responsible for creating file"),
        ("TELESCOP", "JWST", "Telescope used to acquire the data"),
        ("INSTRUME", visit.camera.instrument, "Instrument used to acquire the data"),
        ("DATAMODL", model, "Type of data model"),
        ("CAL_VER", "1.14.0", "Calibration software version number"),
        ("CRDS_CTX", "jwst_1241.pmap", "CRDS context file"),
        ("TITLE", visit.proposal.title, "Proposal title"),
        ("PI_NAME", visit.proposal.pi, "Principal investigator name"),
        ("CATEGORY", visit.proposal.kind, "Program category"),
        ("PROGRAM", f"{int(visit.proposal.number):05d}", "Program number"),
        ("OBSERVTN", visit.root[9:12], "Observation number"),
        ("TARGNAME", visit.name, "Standard astronomical catalog name"),
        ("TARGPROP", visit.name, "Proposer's name for the target"),
        ("TARG_RA", visit.target.ra, "[deg] Target RA at mid time of exposure"),
        ("TARG_DEC", visit.target.dec, "[deg] Target Dec at mid time of exposure"),
        ("FILTER", filter_, "Name of the filter element used"),
    ]
    return [*cards, ("GRATING", grating, "Name of the grating element used")] if grating else cards


def _when(visit: Visit, number: int | None) -> list[Card]:
    start = visit.begins(number or 0)
    seconds = visit.seconds * (visit.exposures if number is None else 1)
    return [
        ("DATE-OBS", iso(start)[:10], "[yyyy-mm-dd] UTC date at start of exposure"),
        ("TIME-OBS", iso(start)[11:], "[hh:mm:ss.sss] UTC time at start of exposure"),
        ("EXPSTART", start, "[d] exposure start time in MJD, UTC"),
        ("EXPEND", start + seconds * 1.1 / 86400.0, "[d] exposure end time in MJD, UTC"),
        ("EFFEXPTM", seconds, "[s] Effective exposure time"),
        ("TIMESYS", "UTC", "principal time system for time-related keywords"),
    ]


def combined(visit: Visit, filename: str) -> bytes:
    """Stage 3 (i2d): SCI, ERR, CON, WHT, three variances, the inputs' headers, ASDF."""
    import numpy as np
    from astropy.io import fits

    shot = visit.shot()
    clean = counts(shot)
    variance = np.abs(clean) * _BRIGHT**2
    weight = np.full(clean.shape, visit.seconds * visit.exposures, dtype=np.float32)
    context = np.full((1, *clean.shape), (1 << visit.exposures) - 1, dtype=np.int32)
    place = [*headers.place(shot), ("PIXAR_A2", shot.recipe.scale**2, "[arcsec2] pixel area")]
    hdus = [
        fits.PrimaryHDU(header=primary(visit, filename, "ImageModel")),
        _extension(clean * _BRIGHT, "SCI", "MJy/sr", place),
        _extension(np.sqrt(variance), "ERR", "MJy/sr"),
        _extension(context, "CON"),
        _extension(weight, "WHT"),
        _extension(variance, "VAR_POISSON", "MJy2/sr2"),
        _extension(0.01 * variance, "VAR_RNOISE", "MJy2/sr2"),
        _extension(0.001 * variance, "VAR_FLAT", "MJy2/sr2"),
        _inputs(visit),
        _asdf(),
    ]
    return sealed(hdus, iso(visit.end))


def exposed(visit: Visit, filename: str, number: int) -> bytes:
    """Stage 2 of one exposure: rate (DN/s) or, with flat field and areas, cal (MJy/sr)."""
    import numpy as np
    from astropy.io import fits

    shot = visit.shot(number)
    flat = filename.endswith("_cal.fits")
    unit, factor = ("MJy/sr", _BRIGHT) if flat else ("DN/s", 1.0 / visit.seconds)
    clean = counts(shot)
    variance = np.abs(clean) * factor**2
    quality = np.zeros(clean.shape, dtype=np.uint32)
    quality[:4], quality[-4:] = 1 << 31, 1 << 31  # reference pixels
    hdus: list[Any] = [
        fits.PrimaryHDU(header=primary(visit, filename, "ImageModel", number)),
        _extension(clean * factor, "SCI", unit, headers.place(shot)),
        _extension(np.sqrt(variance), "ERR", unit),
        _extension(quality, "DQ"),
        *([_extension(np.ones(clean.shape, dtype=np.float32), "AREA")] if flat else []),
        _extension(variance, "VAR_POISSON"),
        _extension(0.01 * variance, "VAR_RNOISE"),
        *([_extension(0.001 * variance, "VAR_FLAT")] if flat else []),
        _asdf(),
    ]
    return sealed(hdus, iso(visit.end))


def ramp(visit: Visit, filename: str, number: int) -> bytes:
    """Stage 1 (uncal): SCI, shape (integrations, groups, ny, nx), and when each was read."""
    import numpy as np
    from astropy.io import fits

    groups = np.array([0.5, 1.0])
    grown = counts(visit.shot(number))[None, None] * groups[:, None, None]
    pixels = np.clip(np.round(grown), 0, 65535).astype(np.uint16)
    times = visit.begins(number) + groups * visit.seconds / 86400.0
    read = fits.BinTableHDU.from_columns(
        [
            fits.Column("integration_number", "I", array=[1, 1]),
            fits.Column("group_number", "I", array=[1, 2]),
            fits.Column("end_day", "D", array=times),
        ],
        name="GROUP",
    )
    header = primary(visit, filename, "Level1bModel", number)
    hdus = [fits.PrimaryHDU(header=header), _extension(pixels, "SCI", "DN"), read, _asdf()]
    return sealed(hdus, iso(visit.end))


def field_cube(visit: Visit, filename: str) -> bytes:
    """Stage 3 of an integral-field unit (s3d): SCI, ERR, DQ, WMAP, shape (nz, ny, nx)."""
    import numpy as np
    from astropy.io import fits

    shot = visit.shot(unit="MJy/sr")
    bright, variance = (values * 1e15**power for power, values in enumerate(cube(shot), start=1))
    place = [*headers.place(shot), *headers.spectral_axis(shot)]
    hdus = [
        fits.PrimaryHDU(header=primary(visit, filename, "IFUCubeModel")),
        _extension(bright, "SCI", "MJy/sr", place),
        _extension(np.sqrt(variance), "ERR", "MJy/sr", place),
        _extension(np.zeros(bright.shape, dtype=np.uint32), "DQ", "", place),
        _extension(np.full(bright.shape, visit.exposures, dtype=np.float32), "WMAP", "", place),
        _inputs(visit),
        _asdf(),
    ]
    return sealed(hdus, iso(visit.end))


def guide_star(visit: Visit, filename: str) -> bytes:
    """What the guider saw of its star."""
    import numpy as np
    from astropy.io import fits

    header = primary(visit, filename, "GuiderCalModel")
    star = np.zeros((1, 32, 32), dtype=np.float32)
    star[0, 15:17, 15:17] = 900.0
    return sealed([fits.PrimaryHDU(header=header), _extension(star, "SCI", "DN/s")],
                  iso(visit.end))  # fmt: skip


def members(visit: Visit, names: tuple[str, ...]) -> bytes:
    """The association of stage 3: which calibrated exposures make which product."""
    association = {
        "asn_type": "spec3" if visit.step else "image3",
        "asn_rule": "candidate_Asn_Lv3",
        "program": f"{int(visit.proposal.number):05d}",
        "target": visit.root.split("_")[1],
        "asn_id": visit.root[8:12],
        "products": [
            {
                "name": visit.root,
                "members": [
                    {"expname": f"{name}_cal.fits", "exptype": "science"} for name in names
                ],
            }
        ],
    }
    return json.dumps(association, indent=4).encode()


def preview(visit: Visit) -> bytes:
    """A JPEG of the picture, 512 by 512, or of a cube's mean."""
    if visit.step:
        mean = cube(visit.shot(unit="MJy/sr"))[0].mean(axis=0)
        return jpeg(grey(mean.repeat(3, axis=0).repeat(3, axis=1)))
    return jpeg(grey(counts(visit.shot())[::4, ::4]))


def _inputs(visit: Visit) -> fits.BinTableHDU:
    """HDRTAB: a row for each exposure."""
    from astropy.io import fits

    numbers = range(visit.exposures)
    return fits.BinTableHDU.from_columns(
        [
            fits.Column("FILENAME", "64A", array=[f"{visit.root}_{n}_cal.fits" for n in numbers]),
            fits.Column("EXPSTART", "D", array=[visit.begins(n) for n in numbers]),
            fits.Column("EFFEXPTM", "D", array=[visit.seconds for _ in numbers]),
        ],
        name="HDRTAB",
    )


def _asdf() -> fits.BinTableHDU:
    """The tree of the data model, as the pipeline stores it in a table of one cell."""
    from astropy.io import fits
    from numpy import frombuffer, uint8

    tree = fits.Column("ASDF_METADATA", f"{len(_ASDF)}B", array=frombuffer(_ASDF, uint8)[None])
    return fits.BinTableHDU.from_columns([tree], name="ASDF")


def _extension(pixels: Any, name: str, unit: str = "", cards: Any = ()) -> fits.ImageHDU:
    import numpy as np
    from astropy.io import fits

    single = pixels.astype(np.float32) if pixels.dtype.kind == "f" else pixels
    hdu = fits.ImageHDU(single, name=name)
    write_cards(hdu.header, [("BUNIT", unit, "physical units"), *cards] if unit else cards)
    return hdu
