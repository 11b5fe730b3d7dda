"""This file is the ESO archive: Phase 3 products, raw frames, spectra, links, calibrations, login.

Invariant: stateless; ESO's words come in, ObsCore goes out. Sources: ESO's programmatic access
pages (archive.eso.org/programmatic) and the TAP service's own schema.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any, ClassVar

from skyatlas.archive import Archive, Ask, Many, Pace, Token
from skyatlas.archives.eso import adql, calselector, links, rows
from skyatlas.archives.eso.instruments import find, instruments
from skyatlas.errors import ArchiveError, BadInput, Refused, Unreadable
from skyatlas.model import Association, Note, Product, Query, Why
from skyatlas.obscore import said
from skyatlas.protocols import ssa, tap
from skyatlas.threads import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from astropy.table import Table

    from skyatlas.archive import Door

TAP = tap.TapService("eso", "https://archive.eso.org/tap_obs", hard_limit=15_000_000)
SSAP = "http://archive.eso.org/ssap"
SIGN_IN = "https://www.eso.org/sso/oidc/token"

_OWN_TABLE = re.compile(r"(?i)ist\.[a-z][a-z0-9_]*")


class Eso(Archive):
    """The archive of the European Southern Observatory."""

    name: ClassVar[str] = "eso"
    title: ClassVar[str] = "European Southern Observatory"
    kinds: ClassVar[frozenset[str]] = frozenset(
        ("image", "cube", "spectrum", "visibility", "measurements")
    )
    hosts: ClassVar[tuple[str, ...]] = ("archive.eso.org", "dataportal.eso.org", "www.eso.org")
    pace: ClassVar[Pace] = Pace(at_once=2, per_second=5.0, files_at_once=4)  # none is published
    many: ClassVar[Many] = Many("chunk", 25)  # no TAP upload; 20-50 cones fit a POST
    login_hint: ClassVar[str] = "proprietary files and the rows of protected programmes"
    password_service: ClassVar[tuple[str, ...]] = ("astroquery:www.eso.org",)

    def search(self, queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
        """Ask Phase 3 and the raw frames, as far as the filters leave them possible."""
        first = queries[0]
        yield from _unknown_instruments(first)
        if first.table is not None:
            yield from _own_table(first.table, queries, door)
        elif _wants_phase3(first):
            yield from _phase3(queries, door)
        if first.table is None and _wants_raw(first):
            yield from _tap(adql.RAW, rows.raw, queries, door)
            yield Note(Why.ASSUMED, "raw frames: science exposures only (dp_cat = SCIENCE)")
        if not first.public and not door.logged_in(TAP.url):
            # Some GTO and commissioning programmes have protected rows (astroquery issue 3473);
            # an anonymous answer does not say how many.
            yield Note(
                Why.HIDDEN,
                "rows of protected programmes are not shown without a login (their number is "
                "not told; `skyatlas login eso`, or --public to leave them out of the question)",
            )

    def products(
        self, table: Table, door: Door, ask: Ask
    ) -> Iterator[Product | Note | Association]:
        """Science files, and what belongs to them as far as it is asked for."""
        raw = [row for row in table if _is_raw(row)]
        reduced = [row for row in table if not _is_raw(row)]
        for row in raw:
            if not ask.only or "#this" in ask.only:
                yield links.file_of(row)
        for found in side_by_side(
            lambda row: list(links.follow(row, door, ask)), reduced, self.pace.at_once
        ):
            yield from found
        if ask.calibrations:
            frames = dict.fromkeys(links.dp_id_of(row) for row in raw)
            for row in reduced:
                frames.update(dict.fromkeys(links.progenitors(row, door)))
            yield from calselector.calibrations(list(frames), ask.calibrations, door.anonymous())

    def adopt(self, table: Table) -> Table | None:
        """Recognise what astroquery.eso gives: rows of dbo.raw or of ivoa.ObsCore."""
        return rows.adopt(table)

    def sign_in(self, username: str, password: str, door: Door) -> Token:
        """Get a token (8 hours). ESO wants the password in the URL; the door keeps it secret."""
        try:
            reply = door.anonymous().ask(
                SIGN_IN,
                params={
                    "response_type": "id_token token",
                    "grant_type": "password",
                    "client_id": "clientid",
                    "client_secret": "clientSecret",
                    "username": username,
                    "password": password,
                },
            )
        except Refused as error:
            raise Refused(
                f"ESO does not accept this password for {username}",
                archive=self.name,
                status=error.status,
                login=True,
            ) from None
        return _token(reply.content)

    def instruments(self) -> Sequence[Mapping[str, str]]:
        """ESO's instruments, from the data file; wavelengths in micrometres."""
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


def _phase3(queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
    """Phase 3 by TAP; where TAP fails, at least the spectra by SSAP, and the gap is said."""
    try:
        yield from _tap(adql.PHASE3, rows.phase3, queries, door)
    except ArchiveError as error:
        kinds = queries[0].kinds
        if queries[0].target is None or (kinds and "spectrum" not in kinds):
            raise
        try:
            yield from _ssap(queries, door)
        except ArchiveError:
            raise error from None  # the first failure is the one to know about
        yield Note(
            Why.UNANSWERED,
            f"TAP failed ({error}); these are spectra only, through "
            "SSAP, which does not tell release dates",
        )


def _tap(
    names: adql.Names,
    convert: Callable[..., Table],
    queries: Sequence[Query],
    door: Door,
    *,
    table: str | None = None,
) -> Iterator[Table | Note]:
    question = adql.select(names, queries, table=table)
    limit = queries[0].limit
    answer = tap.ask(door, TAP, question, limit=limit)
    converted = _assigned(convert, answer.table, queries)
    converted.meta["asked"] = [question]
    if queries[0].band is not None:
        converted, dropped = rows.within(converted, queries[0].band)
        if dropped:
            yield Note(
                Why.ASSUMED,
                f"{dropped} rows of {table or names.table} say no wavelength and were left out "
                "because their instrument does not reach the band",
                dropped,
            )
    yield converted
    if answer.truncated and limit is not None:
        yield Note(Why.LIMITED, f"more rows than your limit of {limit} exist")
    elif answer.truncated:
        yield Note(
            Why.TRUNCATED,
            f"cut by the archive at {len(answer.table)} rows of {table or names.table}",
            len(answer.table),
        )
    elif door.logged_in(TAP.url) and not queries[0].public:
        yield from _seen_by_login(names, queries, door, len(answer.table), table)


def _seen_by_login(
    names: adql.Names, queries: Sequence[Query], door: Door, rows_seen: int, table: str | None
) -> Iterator[Note]:
    """How many rows an anonymous user would not have seen."""
    question = adql.select(names, queries, columns="COUNT(*) AS n", table=table)
    counted = tap.ask(door.anonymous(), TAP, question).table
    hidden = rows_seen - int(counted[counted.colnames[0]][0])
    if hidden > 0:
        yield Note(
            Why.LOGIN_ROWS,
            f"{hidden} of the rows of {table or names.table} are shown only to your login",
            hidden,
        )


def _assigned(convert: Callable[..., Table], native: Table, queries: Sequence[Query]) -> Table:
    """Convert, and say which query each row answers; a row that answers two stands there twice."""
    if len(queries) == 1:
        return convert(native, 0)
    import numpy as np

    from skyatlas.sky import assign

    table = convert(native, 0)
    regions = [None if hidden else str(text) for text, hidden in _with_mask(table["s_region"])]
    ra, dec = (np.ma.filled(table[name].data, np.nan) for name in ("s_ra", "s_dec"))
    pairs = assign(regions, ra, dec, queries)
    chosen = table[[row for row, _ in pairs]]
    chosen["query"] = [query for _, query in pairs]
    return chosen


def _with_mask(column: Any) -> Iterator[tuple[Any, bool]]:
    import numpy as np

    mask = np.ma.getmaskarray(column)
    return zip(column.data.data.tolist(), mask.tolist(), strict=True)


def _own_table(name: str, queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
    if name.casefold() == "ssap":
        yield from _ssap(queries, door)
        return
    known = [instrument.table for instrument in instruments() if instrument.table]
    if not _OWN_TABLE.fullmatch(name):
        raise BadInput(f"ESO has no table {name!r} for this; there are: ssap, {', '.join(known)}")
    yield from _tap(
        adql.RAW,
        lambda native, query=0: rows.raw(native, query, keep_all=True),
        queries,
        door,
        table=name,
    )


def _ssap(queries: Sequence[Query], door: Door) -> Iterator[Table | Note]:
    for index, query in enumerate(queries):
        answer = ssa.ask(door, SSAP, query, archive="eso")
        table = rows.spectra(answer.table, index)
        table.meta["asked"] = [f"{SSAP}?REQUEST=queryData ({query.target and query.target.asked})"]
        yield table
        if answer.truncated:
            why = Why.TRUNCATED if query.limit is None else Why.LIMITED
            yield Note(why, f"SSAP had more than {len(answer.table)} rows", len(answer.table))


def _unknown_instruments(query: Query) -> Iterator[Note]:
    for word in query.instruments:
        if find(word) is None:
            yield Note(
                Why.ASSUMED,
                f"{word!r} is no instrument in our list of ESO's; it was asked for as written",
            )


def _wants_phase3(query: Query) -> bool:
    level = query.calib_level
    return level is None or level.high is None or level.high >= 1


def _wants_raw(query: Query) -> bool:
    level = query.calib_level
    possible = not query.kinds or bool(query.kinds & set(adql.RAW_KINDS))
    raw_asked = level is None or level.low is None or level.low <= 0
    return raw_asked and possible and _raw_collection(query)


def _raw_collection(query: Query) -> bool:
    return not query.collections or any(name.upper() == "RAW" for name in query.collections)


def _is_raw(row: Any) -> bool:
    return bool(said(row, "obs_collection") == "RAW")


def _token(body: bytes) -> Token:
    """Read the token answer: a JWT whose payload holds `exp` (RFC 7519); no key, no check."""
    try:
        value = str(json.loads(body)["id_token"])
        payload = value.split(".")[1]
        expires = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]
        return Token(value, float(expires))
    except (ValueError, KeyError, IndexError, TypeError, binascii.Error):
        # Not chained: the answer may hold the token.
        raise Unreadable("ESO's login answered something that is no token", archive="eso") from None


def _range(pair: tuple[float, float] | None) -> str:
    if pair is None:
        return ""
    return f"{pair[0]:g}" if pair[0] == pair[1] else f"{pair[0]:g}–{pair[1]:g}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


__all__ = ["Eso"]
