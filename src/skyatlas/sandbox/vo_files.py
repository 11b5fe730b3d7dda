"""This file makes the data sets of the invented publishers: images, cubes and two sorts of spectra.

Invariant: what is drawn comes from the sandbox's one sky, and no clock shows in the bytes. `size`
tells how long a file is without making it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyatlas.sandbox import draw, headers, spectra
from skyatlas.sandbox.clock import iso
from skyatlas.sandbox.deliver import Card, curve, grey, png, sealed, write_cards
from skyatlas.sandbox.plan import Shot

if TYPE_CHECKING:
    from astropy.io import fits

BLOCK = 2880
"""Bytes of a FITS block."""
_CARDS = 50  # more than a block of 36, less than two
STOKES = "IQUV"
_POLARISED = (1.0, 0.1, -0.05, 0.0)  # I, Q, U and V, of the light


@dataclass(frozen=True, slots=True)
class Plate:
    """One data set: what was taken, and who publishes it in which form."""

    shot: Shot
    origin: str
    """The publisher's title."""
    identifier: str
    """The publisher's identifier of the data set."""
    polarised: bool = False
    as_table: bool = True
    """A spectrum is a table of samples; else an image with one axis."""


def size(plate: Plate) -> int:
    """Bytes of the file that `make` makes."""
    recipe = plate.shot.recipe
    if recipe.kind == "spectrum" and plate.as_table:
        return 2 * BLOCK + _blocks(16 * recipe.samples)
    pixels = 1 if recipe.kind == "spectrum" else recipe.pixels**2
    planes = len(STOKES) if plate.polarised else 1
    return 2 * BLOCK + _blocks(4 * pixels * planes * max(recipe.samples, 1))


def _blocks(data: int) -> int:
    return -(-data // BLOCK) * BLOCK


def make(plate: Plate) -> bytes:
    """The file."""
    match plate.shot.recipe.kind:
        case "image":
            return _image(plate)
        case "cube":
            return _cube(plate)
    return _table(plate) if plate.as_table else _axis(plate)


def preview(plate: Plate) -> bytes:
    """A small PNG of it."""
    shot = plate.shot
    if shot.recipe.kind == "spectrum":
        return png(curve(spectra.flux(shot)[0]))
    if shot.recipe.kind == "image":
        return png(grey(draw.counts(shot)[::2, ::2]))
    return png(grey(draw.cube(shot)[0].mean(axis=0)))


def _header(plate: Plate, bunit: str) -> fits.Header:
    from astropy.io import fits

    shot = plate.shot
    cards: list[Card] = [
        ("ORIGIN", plate.origin, "Publisher"),
        ("TELESCOP", shot.recipe.instrument.telescope, "Telescope"),
        ("INSTRUME", shot.recipe.instrument.name, "Instrument"),
        ("OBJECT", shot.name, "Target"),
        ("FILTER", shot.recipe.filter, "Band"),
        ("DATE-OBS", iso(shot.start), "Start of observation, UTC"),
        ("MJD-OBS", shot.start, "[d] Start of observation"),
        ("MJD-END", shot.end, "[d] End of observation"),
        ("TIMESYS", "UTC", "Time system"),
        ("EXPTIME", shot.recipe.seconds, "[s] Exposure time"),
        ("PUBDID", plate.identifier, "Publisher's identifier"),
    ]
    if bunit:
        cards.append(("BUNIT", bunit, "Unit of the values"))
    header = fits.PrimaryHDU().header
    write_cards(header, cards)
    return header


def _closed(plate: Plate, hdus: list[Any]) -> bytes:
    """The file, its first header two blocks long where data follow it."""
    if hdus[0].data is not None:
        while len(hdus[0].header) < _CARDS:
            hdus[0].header.add_blank()  # what comes later takes the blanks' places
    return sealed(hdus, iso(plate.shot.created))


def _image(plate: Plate) -> bytes:
    import numpy as np
    from astropy.io import fits

    header = _header(plate, "adu")
    write_cards(header, headers.place(plate.shot))
    return _closed(plate, [fits.PrimaryHDU(draw.counts(plate.shot).astype(np.float32), header)])


def _cube(plate: Plate) -> bytes:
    import numpy as np
    from astropy.io import fits

    shot = plate.shot
    header = _header(plate, shot.recipe.flux_unit)
    write_cards(header, [*headers.place(shot), *headers.spectral_axis(shot)])
    pixels = draw.cube(shot)[0]
    if plate.polarised:
        write_cards(header, [
            ("CTYPE4", "STOKES", "1, 2, 3, 4 are I, Q, U, V"),
            ("CRVAL4", 1.0, "Stokes parameter at the reference pixel"),
            ("CRPIX4", 1.0, "Reference pixel on axis 4"),
            ("CD4_4", 1.0, "Step"),
        ])  # fmt: skip
        pixels = np.stack([part * pixels for part in _POLARISED])
    return _closed(plate, [fits.PrimaryHDU(pixels.astype(np.float32), header)])


def _axis(plate: Plate) -> bytes:
    """A spectrum as an image with one axis, wavelengths in angstrom."""
    import numpy as np
    from astropy.io import fits

    recipe = plate.shot.recipe
    header = _header(plate, recipe.flux_unit)
    write_cards(header, [
        ("CTYPE1", "WAVE", "Wavelength in vacuum"),
        ("CUNIT1", "Angstrom", "Unit of axis 1"),
        ("CRVAL1", recipe.low * 10.0, "Wavelength at the reference pixel"),
        ("CRPIX1", 1.0, "Reference pixel"),
        ("CDELT1", recipe.step * 10.0, "Step"),
    ])  # fmt: skip
    values = spectra.flux(plate.shot)[0].astype(np.float32)
    return _closed(plate, [fits.PrimaryHDU(values, header)])


def _table(plate: Plate) -> bytes:
    """A spectrum as a table with one row per sample, in the words of the Spectrum data model."""
    import numpy as np
    from astropy.io import fits

    shot = plate.shot
    flux, error = spectra.flux(shot)
    axis, data = "spec:Data.SpectralAxis", "spec:Data.FluxAxis"
    unit = shot.recipe.flux_unit
    made = (
        ("spectral", "D", spectra.waves(shot) * 10.0, "Angstrom", f"{axis}.Value", "em.wl"),
        ("flux", "E", flux.astype(np.float32), unit, f"{data}.Value", "phot.flux.density;em.wl"),
        ("error", "E", error.astype(np.float32), unit, f"{data}.Accuracy.StatError",
         "stat.error;phot.flux.density;em.wl"),
    )  # fmt: skip
    columns = [
        fits.Column(name, code, unit=unit, array=values) for name, code, values, unit, _, _ in made
    ]
    table = fits.BinTableHDU.from_columns(columns, name="SPECTRUM")
    for number, (_, _, _, _, utype, ucd) in enumerate(made, start=1):
        write_cards(table.header, [(f"TUTYP{number}", utype, ""), (f"TUCD{number}", ucd, "")])
    return _closed(plate, [fits.PrimaryHDU(header=_header(plate, "")), table])
