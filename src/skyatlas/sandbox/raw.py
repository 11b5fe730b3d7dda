"""This file makes raw frames as the telescopes write them, packed as the archive delivers them.

Optical frames are one 16-bit image, LZW-compressed (.fits.Z); detector mosaics are tile-compressed
extensions (.fits.fz). Their headers carry ESO's hierarchical keywords; only pointed frames say
where on the sky.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyatlas.sandbox.clock import iso
from skyatlas.sandbox.deliver import Card, plain, sealed, write_cards
from skyatlas.sandbox.lzw import compress
from skyatlas.sandbox.plan import Frame, Instrument
from skyatlas.sandbox.sky import chance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SHAPE = (160, 128)
_CHIPS = 4
KBYTES = {".Z": 18, ".fz": 72}
"""About how large the delivered files are."""


def frame_file(frame: Frame) -> bytes:
    """The frame as delivered."""
    from astropy.io import fits

    header = fits.PrimaryHDU().header
    write_cards(header, _cards(frame))
    if frame.instrument.packing == ".Z":
        return compress(plain([fits.PrimaryHDU(_pixels(frame, 1), header=header)]))
    hdus = [fits.PrimaryHDU(header=header)]
    for chip in range(1, _CHIPS + 1):
        pixels = _pixels(frame, chip).astype("int32")
        hdu = fits.CompImageHDU(pixels, compression_type="RICE_1", name=f"CHAN{chip:02d}")
        hdus.append(hdu)
    return plain(hdus)


def master_file(frame: Frame) -> bytes:
    """A processed calibration or a static table: not compressed, with checksums."""
    from astropy.io import fits

    header = fits.PrimaryHDU().header
    write_cards(header, _cards(frame))
    header["HIERARCH ESO PRO CATG"] = (frame.type, "Category of pipeline product frame")
    pixels = _pixels(frame, 1).astype("float32")
    return sealed([fits.PrimaryHDU(pixels, header=header)], iso(frame.end))


def _pixels(frame: Frame, chip: int) -> NDArray[np.uint16]:
    """Bias and readout noise; light where there was any, shape (160, 128)."""
    import numpy as np

    random = chance(frame.seed, "raw", frame.dp_id, chip)
    values = 1000.0 + 4.0 * random.standard_normal(_SHAPE)
    if frame.type not in {"BIAS", "DARK"}:
        rows = np.arange(_SHAPE[0])[:, None]
        width = 40.0 if "FLAT" in frame.type else 3.0
        values = values + 800.0 * np.exp(-0.5 * ((rows - _SHAPE[0] / 2) / width) ** 2)
    return np.clip(np.round(values), 0, 65535).astype(np.uint16)


def _cards(frame: Frame) -> list[Card]:
    instrument = frame.instrument
    cards: list[Card] = [
        ("ORIGIN", "PARANAL" if "VLT" in instrument.telescope else "LASILLA", "Observatory"),
        ("DATE", iso(frame.end)[:19], "Date this file was written"),
        ("TELESCOP", instrument.telescope, "ESO telescope designation"),
        ("INSTRUME", instrument.name, "Instrument used"),
        ("OBJECT", frame.name, "Original target"),
    ]
    if frame.pointed:
        cards += [
            ("RA", frame.ra, "[deg] Pointing (J2000)"),
            ("DEC", frame.dec, "[deg] Pointing (J2000)"),
            ("EQUINOX", 2000.0, "Standard FK5"),
            ("RADECSYS", "FK5", "Coordinate reference frame"),
        ]
    return [
        *cards,
        ("EXPTIME", frame.seconds, "[s] Integration time"),
        ("MJD-OBS", frame.start, "Start of observation"),
        ("DATE-OBS", iso(frame.start), "Start of observation"),
        ("PI-COI", frame.programme.team.partition("/")[0], "PI-COI name"),
        ("ORIGFILE", origfile(frame), "Original File Name"),
        ("ARCFILE", f"{frame.dp_id}.fits", "Archive File Name"),
        *_hierarchical(frame, instrument),
    ]


def _hierarchical(frame: Frame, instrument: Instrument) -> list[Card]:
    return [
        ("ESO DPR CATG", frame.category, "Observation category"),
        ("ESO DPR TECH", instrument.tech, "Observation technique"),
        ("ESO DPR TYPE", frame.type, "Observation type"),
        ("ESO OBS ID", frame.block, "Observation block ID"),
        ("ESO OBS PROG ID", frame.programme.identifier, "ESO program identification"),
        ("ESO OBS TARG NAME", frame.name, "OB target name"),
        ("ESO INS MODE", instrument.mode, "Instrument mode used"),
        ("ESO TPL ID", instrument.template, "Template signature ID"),
        ("ESO TPL EXPNO", frame.number, "Exposure number within template"),
        ("ESO TPL NEXP", frame.of, "Number of exposures within template"),
    ]


def origfile(frame: Frame) -> str:
    """The name on the telescope's disk."""
    kind = "OBS" if frame.category == "SCIENCE" else "GEN"
    return f"{frame.instrument.name}_{kind}{int(frame.start) % 366:03d}_{frame.number:04d}.fits"
