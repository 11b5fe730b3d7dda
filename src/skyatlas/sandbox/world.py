"""This file makes the world that the sandbox's archives hold, from a seed and people's own folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skyatlas.sandbox.item import Item, World
from skyatlas.sandbox.sky import OBJECTS


def _first() -> Item:
    dp_id = "ADP.2016-07-15T08:22:40.678"

    def make() -> bytes:
        from io import BytesIO

        import numpy as np
        from astropy.io import fits

        hdu = fits.ImageHDU(np.arange(100, dtype=np.float32).reshape(10, 10))
        body = BytesIO()
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(body)
        return body.getvalue()

    row = {
        "dp_id": dp_id,
        "access_url": f"http://archive.eso.org/datalink/links?ID=ivo://eso.org/ID?{dp_id}",
        "access_format": "application/x-votable+xml;content=datalink",
        "access_estsize": 9,
        "dataproduct_type": "image",
        "obs_collection": "HAWKI",
        "instrument_name": "HAWKI",
        "s_ra": 40.669629,
        "s_dec": -0.013281,
        "s_region": "POLYGON J2000 40.61 -0.07 40.61 0.05 40.73 0.05 40.73 -0.07",
        "target_name": "NGC1068",
        "obs_release_date": "2017-07-15T08:22:40.678Z",
        "proposal_id": "091.B-0088(B)",
    }
    return Item("eso", dp_id, f"{dp_id}.fits", "application/fits", make, "ivoa.ObsCore", row)


def make_world(seed: int = 1, folders: Sequence[Path] = ()) -> World:
    """Everything that the sandbox's archives hold; the same seed makes the same world."""
    item = _first()
    return World({item.dp_id: item}, OBJECTS, {}, {})
