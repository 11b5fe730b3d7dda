"""What Sesame says, as text, and what time it is, for the tests of names."""

from __future__ import annotations

import datetime as dt

SESAME, MIRROR, MAST = "cds.unistra.fr", "vizier.cfa.harvard.edu", "mastresolver.stsci.edu"
NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)

SIMBAD, NED, VIZIER = "Sc=Simbad (CDS, via client/server)", "N=NED", "V=VizieR (local)"


def known(who, ra, dec, name, *aliases):
    listed = "".join(f"<alias>{one}</alias>" for one in aliases)
    return (
        f'<Resolver name="{who}"><jradeg>{ra!r}</jradeg><jdedeg>{dec:+}</jdedeg>'
        f"<oname>{name}</oname>{listed}</Resolver>"
    )


def silent(who, words="Zero (0) answers"):
    return f'<Resolver name="{who}"><INFO>{words}</INFO></Resolver>'


M87 = known(SIMBAD, 187.70593077, 12.39112325, "M  87") + known(
    NED, 187.7059304, 12.3911231, "MESSIER 087"
)
ARP2 = known(SIMBAD, 292.183, -30.355, "Arp   2") + known(NED, 245.0, 48.0, "ARP 002")


def later(**age):
    return lambda: NOW + dt.timedelta(**age)


def now():
    return NOW
