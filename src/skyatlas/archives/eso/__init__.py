"""This file is the ESO archive: Phase 3 products, raw frames, spectra, links, calibrations, login.

Invariant: stateless; ESO's words come in, ObsCore goes out. What an archive declares of itself is
wanted at every start, how it is asked is not: that is imported when it is used. Sources: ESO's
programmatic access pages (archive.eso.org/programmatic) and the TAP service's own schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyatlas.archive import Archive, Ask, Many, Pace, Token
from skyatlas.model import Association, Note, Product, Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from astropy.table import Table

    from skyatlas.archive import Door


class Eso(Archive):
    """The archive of the European Southern Observatory."""

    name = "eso"
    title = "European Southern Observatory"
    kinds = frozenset(("image", "cube", "spectrum", "visibility", "measurements"))
    hosts = ("archive.eso.org", "dataportal.eso.org", "www.eso.org")
    pace = Pace(at_once=2, per_second=5.0, files_at_once=4)  # none is published
    many = Many("chunk", 25)  # no TAP upload; 20-50 cones fit a POST
    tables = ("ssap", "ist.*")
    login_hint = "proprietary files and the rows of protected programmes"
    password_service = ("astroquery:www.eso.org",)

    def search(self, queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
        """Ask Phase 3 and the raw frames, as far as the filters leave them possible."""
        from skyatlas.archives.eso import asking

        yield from asking.search(queries, door)

    def products(
        self, table: Table, door: Door, ask: Ask
    ) -> Iterator[Product | Note | Association]:
        """Science files, and what belongs to them as far as it is asked for."""
        from skyatlas.archives.eso import calselector, links
        from skyatlas.threads import side_by_side

        raw = [row for row in table if _is_raw(row)]
        reduced = [row for row in table if not _is_raw(row)]
        for row in raw:
            yield links.file_of(row)
        documents = side_by_side(lambda row: links.document(row, door), reduced, self.pace.at_once)
        for row, found in zip(reduced, documents, strict=True):
            yield from links.follow(row, found, ask)
        if ask.calibrations:
            frames = dict.fromkeys(links.dp_id_of(row) for row in raw)
            for found in documents:
                frames.update(dict.fromkeys(links.progenitors(found)))
            yield from calselector.calibrations(list(frames), ask.calibrations, door.anonymous())

    def adopt(self, table: Table) -> Table | None:
        """Recognise what astroquery.eso gives, also the releases that drove ESO's web forms."""
        from skyatlas.archives.eso import adopted

        return adopted.adopt(table)

    def sign_in(self, username: str, password: str, door: Door) -> Token:
        """Get a token (8 hours). ESO wants the password in the URL; the door keeps it secret."""
        from skyatlas.archives.eso import login

        return login.sign_in(username, password, door)

    def instruments(self) -> Sequence[Mapping[str, str]]:
        """ESO's instruments, from the data file; wavelengths in micrometres."""
        from skyatlas.archives.eso.instruments import instruments

        return [
            {
                "instrument": one.name,
                "also": ", ".join(one.aliases),
                "telescope": one.telescope,
                "modes": ", ".join(one.modes),
                "wavelength (µm)": _range(one.wavelength),
                "resolving power": _range(one.resolving_power),
                "dp_id": ", ".join(one.prefixes),
                "source": one.source,
            }
            for one in instruments()
        ]

    def acknowledgement(self, products: Sequence[Product]) -> str:
        """ESO's sentence for exactly these programmes.

        Source: www.eso.org/sci/observing/policies/publications.html.
        """
        programs = sorted(
            {str(p.provenance["proposal_id"]) for p in products if "proposal_id" in p.provenance}
        )
        if not programs:
            return ""
        some = "programme" if len(programs) == 1 else "programmes"
        return (
            "Based on observations collected at the European Southern Observatory under ESO "
            f"{some} {_listed(programs)}."
        )


def _is_raw(row: Any) -> bool:
    from skyatlas.obscore import said

    return bool(said(row, "obs_collection") == "RAW")


def _range(pair: tuple[float, float] | None) -> str:
    if pair is None:
        return ""
    return f"{pair[0]:g}" if pair[0] == pair[1] else f"{pair[0]:g}–{pair[1]:g}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


__all__ = ["Eso"]
