"""This file says how long the made-up files of HST and JWST are, so that none is made to be listed.

Invariant: files of one kind are equally long, whatever they show. A kind is the telescope, the
suffix, and the camera or (HST's spectra) the grating. Measured; tests/sandbox holds it to be so.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

BYTES: Mapping[str, int] = MappingProxyType(
    {
        "HST asn ACS/WFC": 8_640,
        "HST asn G130M": 8_640,
        "HST asn WFC3/UVIS": 8_640,
        "HST c0m WFPC2/WFC": 279_360,
        "HST drc ACS/WFC": 806_400,
        "HST drc WFC3/UVIS": 806_400,
        "HST drc WFPC2/WFC": 806_400,
        "HST flc ACS/WFC": 682_560,
        "HST flc WFC3/UVIS": 682_560,
        "HST raw ACS/WFC": 152_640,
        "HST raw WFC3/UVIS": 152_640,
        "HST spt ACS/WFC": 8_640,
        "HST spt E140M": 8_640,
        "HST spt G130M": 8_640,
        "HST spt G430L": 8_640,
        "HST spt G750L": 8_640,
        "HST spt WFC3/UVIS": 8_640,
        "HST x1d E140M": 322_560,
        "HST x1d G130M": 362_880,
        "HST x1d G430L": 48_960,
        "HST x1d G750L": 48_960,
        "HST x1dsum G130M": 362_880,
        "JWST asn MIRI/IMAGE": 736,
        "JWST asn NIRCAM/IMAGE": 735,
        "JWST asn NIRSPEC/IFU": 733,
        "JWST asn NIRSPEC/SLIT": 732,
        "JWST cal MIRI/IMAGE": 1_883_520,
        "JWST cal MIRI/TARGACQ": 149_760,
        "JWST cal NIRCAM/IMAGE": 1_883_520,
        "JWST cal NIRSPEC/IFU": 48_960,
        "JWST cal NIRSPEC/SLIT": 48_960,
        "JWST guide star": 11_520,
        "JWST i2d MIRI/IMAGE": 1_889_280,
        "JWST i2d NIRCAM/IMAGE": 1_889_280,
        "JWST rate MIRI/IMAGE": 1_347_840,
        "JWST rate MIRI/TARGACQ": 109_440,
        "JWST rate NIRCAM/IMAGE": 1_347_840,
        "JWST rate NIRSPEC/IFU": 37_440,
        "JWST rate NIRSPEC/SLIT": 37_440,
        "JWST s3d NIRSPEC/IFU": 3_254_400,
        "JWST uncal MIRI/IMAGE": 282_240,
        "JWST uncal MIRI/TARGACQ": 34_560,
        "JWST uncal NIRCAM/IMAGE": 282_240,
        "JWST uncal NIRSPEC/IFU": 20_160,
        "JWST uncal NIRSPEC/SLIT": 20_160,
        "JWST x1d NIRSPEC/IFU": 80_640,
        "JWST x1d NIRSPEC/SLIT": 141_120,
    }
)
"""By kind."""
