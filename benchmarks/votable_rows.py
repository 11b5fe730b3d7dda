"""This file writes a table of 28 ObsCore columns in each form in which a TAP service may send it.

Invariant: the same rows in every form, drawn with a fixed seed; one cell in fifty of the numbers
that may be missing is missing, and one URL in each row has ampersands.
"""

from __future__ import annotations

import random
import struct
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

COLUMNS = (
    ("dataproduct_type", "char", "", "meta.code.class"),
    ("calib_level", "int", "", "meta.code;obs.calib"),
    ("obs_collection", "char", "", "meta.id"),
    ("obs_id", "char", "", "meta.id"),
    ("obs_publisher_did", "char", "", "meta.ref.ivoid"),
    ("access_url", "char", "", "meta.ref.url"),
    ("access_format", "char", "", "meta.code.mime"),
    ("access_estsize", "long", "kbyte", "phys.size;meta.file"),
    ("target_name", "char", "", "meta.id;src"),
    ("s_ra", "double", "deg", "pos.eq.ra"),
    ("s_dec", "double", "deg", "pos.eq.dec"),
    ("s_fov", "double", "deg", "phys.angSize;instr.fov"),
    ("s_region", "char", "", "pos.outline;obs.field"),
    ("s_resolution", "double", "arcsec", "pos.angResolution"),
    ("s_xel1", "long", "", "meta.number"),
    ("s_xel2", "long", "", "meta.number"),
    ("t_min", "double", "d", "time.start;obs.exposure"),
    ("t_max", "double", "d", "time.end;obs.exposure"),
    ("t_exptime", "double", "s", "time.duration;obs.exposure"),
    ("t_resolution", "double", "s", "time.resolution"),
    ("em_min", "double", "m", "em.wl;stat.min"),
    ("em_max", "double", "m", "em.wl;stat.max"),
    ("em_res_power", "double", "", "spect.resolution"),
    ("o_ucd", "char", "", "meta.ucd"),
    ("pol_states", "char", "", "meta.code;phys.polarization"),
    ("facility_name", "char", "", "meta.id;instr.tel"),
    ("instrument_name", "char", "", "meta.id;instr"),
    ("proposal_id", "char", "", "meta.id;obs.proposal"),
)
_PACK = {"int": ">i", "long": ">q", "double": ">d"}


def drawn(count: int) -> Iterator[list[Any]]:
    """The rows; None where a cell is empty."""
    chance = random.Random(20261121)
    uniform, pick = chance.uniform, chance.choice
    for number in range(count):
        ra, dec, start = uniform(0, 360), uniform(-90, 90), uniform(51544, 61000)
        name = f"ADP.2026-11-21T{number:012d}"
        short = uniform(3e-7, 2e-6)
        row: list[Any] = [
            pick(("image", "spectrum", "cube")),
            pick((1, 2, 3)),
            pick(("HARPS", "MUSE", "UVES", "VVV")),
            name,
            f"ivo://eso.org/ID?{name}",
            f"https://archive.eso.org/datalink/links?ID=ivo://eso.org/ID?{name}&mode=all",
            "application/x-votable+xml;content=datalink",
            chance.randrange(10_000_000),
            f"HD {chance.randrange(300_000)}",
            ra,
            dec,
            uniform(0.001, 2),
            f"POLYGON ICRS {ra:.6f} {dec:.6f} {ra + 0.1:.6f} {dec:.6f} {ra:.6f} {dec + 0.1:.6f}",
            uniform(0.1, 2),
            chance.randrange(4096),
            chance.randrange(4096),
            start,
            start + 0.01,
            uniform(1, 7200),
            None,
            short,
            short * 2,
            uniform(100, 120_000),
            "phot.flux.density",
            "",
            "ESO-VLT-U4",
            pick(("MUSE", "HARPS", "UVES", "VIRCAM")),
            f"{chance.randrange(60, 118):03d}.A-{chance.randrange(10_000):04d}",
        ]
        for place in (7, 13, 14, 15, 22):
            if chance.random() < 0.02:
                row[place] = None
        yield row


def write(path: Path, form: str, count: int) -> None:
    """A file of so many rows."""
    {"tabledata": _tabledata, "binary2": _binary2, "fits": _fits, "parquet": _parquet}[form](
        path, count
    )


def _document(path: Path, form: str, rows: Iterator[bytes]) -> None:
    fields = "".join(
        f'<FIELD name="{name}" datatype="{kind}" unit="{unit}" ucd="{ucd}"'
        + (' arraysize="*"/>\n' if kind == "char" else "/>\n")
        for name, kind, unit, ucd in COLUMNS
    ).replace(' unit=""', "")
    with path.open("wb") as file:
        file.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE version="1.4" ')
        file.write(b'xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n<RESOURCE type="results">\n')
        file.write(b'<INFO name="QUERY_STATUS" value="OK"/>\n<TABLE>\n')
        file.write(f"{fields}<DATA>\n<{form}>\n".encode())
        file.writelines(rows)
        file.write(f"\n</{form}>\n</DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n".encode())


def _tabledata(path: Path, count: int) -> None:
    _document(path, "TABLEDATA", (_tr(row) for row in drawn(count)))


def _tr(row: list[Any]) -> bytes:
    cells = "".join(f"<TD>{'' if one is None else escape(str(one))}</TD>" for one in row)
    return f"<TR>{cells}</TR>\n".encode()


def _binary2(path: Path, count: int) -> None:
    def coded() -> Iterator[bytes]:
        yield b'<STREAM encoding="base64">\n'
        rest = b""
        for row in drawn(count):
            rest += _packed(row)
            whole = len(rest) - len(rest) % 57  # 76 characters a line, as Java's encoders have it
            yield from (b64encode(rest[at : at + 57]) + b"\n" for at in range(0, whole, 57))
            rest = rest[whole:]
        yield b64encode(rest) + b"</STREAM>"

    _document(path, "BINARY2", coded())


def _packed(row: list[Any]) -> bytes:
    bits = "".join("1" if one is None else "0" for one in row).ljust(32, "0")
    parts = [int(bits, 2).to_bytes(4, "big")]
    for (_, kind, _, _), one in zip(COLUMNS, row, strict=True):
        if kind == "char":
            parts += [struct.pack(">I", len(one)), one.encode()]
        else:
            empty = float("nan") if kind == "double" else 0
            parts.append(struct.pack(_PACK[kind], empty if one is None else one))
    return b"".join(parts)


def _fits(path: Path, count: int) -> None:
    """As services write it: texts of fixed length, TNULL for integers."""
    import numpy as np
    from astropy.io import fits

    columns = []
    for (name, kind, unit, _), values in zip(COLUMNS, zip(*drawn(count), strict=True), strict=True):
        facts: dict[str, Any] = {"name": name, "unit": unit or None}
        if kind == "char":
            array = np.array([text.encode() for text in values])
            facts["format"] = f"{max(1, array.dtype.itemsize)}A"
        elif kind == "double":
            array = np.array([np.nan if one is None else one for one in values])
            facts["format"] = "D"
        else:
            array = np.array([-1 if one is None else one for one in values])
            facts |= {"format": "J" if kind == "int" else "K", "null": -1}
        columns.append(fits.Column(array=array, **facts))
    fits.BinTableHDU.from_columns(columns).writeto(path)


def _parquet(path: Path, count: int) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {"char": pa.string(), "int": pa.int32(), "long": pa.int64(), "double": pa.float64()}
    values = zip(*drawn(count), strict=True)
    arrays = [
        pa.array(one, kinds[kind]) for (_, kind, _, _), one in zip(COLUMNS, values, strict=True)
    ]
    fields = [pa.field(name, kinds[kind]) for name, kind, _, _ in COLUMNS]
    parquet.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), path)
