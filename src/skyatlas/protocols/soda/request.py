"""This file puts a cut into a service's own parameters.

Invariant: a parameter is sent only where the service describes it, or describes none and follows
SODA; what lies outside the dataset by the service's own limits is not asked for.
Source: IVOA SODA 1.0 (2017), sections 3 and 4; DALI 1.1, section 3.3 (how values are written).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from skyatlas.model import Note, Why
from skyatlas.protocols.datalink import is_a
from skyatlas.protocols.soda.limits import outside
from skyatlas.protocols.soda.parameters import Inputs, taken

if TYPE_CHECKING:
    from skyatlas.protocols.datalink import Link, Links
    from skyatlas.protocols.soda.cut import Cut
    from skyatlas.protocols.votable import Descriptor

_SODA = "ivo://ivoa.net/std/soda#"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a service for one piece of one dataset."""

    url: str
    parameters: tuple[tuple[str, str], ...]
    id: str
    """What the service calls the dataset."""
    name: str | None
    """A name for the file; None where the service says what it makes."""
    content_type: str
    standard: bool
    """The service follows SODA, which selects pixels and does not change them."""
    asynchronous: bool = False
    """A job has to be started (UWS)."""
    not_cut: tuple[str, ...] = ()
    """Parts of the cut that this service cannot do: "region", "band" …"""

    @property
    def key(self) -> str:
        """What makes two pieces the same: dataset and cut, in letters that PROV can write."""
        digest = sha256(repr((self.id, self.parameters)).encode()).hexdigest()
        return f"{_stem(self.id)}_cutout_{digest[:16]}"

    @property
    def address(self) -> str:
        """The whole URL, for a service that answers with the file itself."""
        joint = "" if self.url.endswith(("?", "&")) else "&" if "?" in self.url else "?"
        # Not "+" for a blank: some services take it for a plus.
        return f"{self.url}{joint}{urlencode(self.parameters, quote_via=quote, safe='')}"


def services_of(links: Links) -> tuple[Link, ...]:
    """The links whose service cuts, each dataset's synchronous ones where it has any.

    Where a document has #cutout, its #proc services do something else (CASDA's make spectra).
    """
    cutting = [link for link in links.of("#cutout") if link.service is not None]
    if not cutting:
        cutting = [
            link
            for link in links.rows
            if link.service is not None and is_a(link.semantics, "#proc") and _is_soda(link.service)
        ]
    now = [link for link in cutting if not _is_job(link.service)]
    at_once = {link.id for link in now}
    return tuple(link for link in cutting if link in now or link.id not in at_once)


def request_of(link: Link, cut: Cut) -> Request | Note:
    """The question that brings the piece; or why there is none.

    A cut that lies outside the dataset is `Why.ASSUMED`: nothing is missing. A service that can do
    nothing of the cut is `Why.UNANSWERED`.
    """
    service = link.service
    assert service is not None
    inputs = Inputs(service.inputs, standard=_is_soda(service))
    beyond = outside(cut, inputs)
    if beyond:
        return Note(Why.ASSUMED, f"nothing was cut from {link.id}: {beyond}")
    values, not_cut = taken(cut, inputs)
    if not values:
        return Note(
            Why.UNANSWERED,
            f"{link.id} cannot be cut so: its service takes no {' and no '.join(not_cut)}",
        )
    identity = _identity(service, link, inputs)
    form = inputs.fits_format()
    identifier = dict(identity).get("ID") or _in_url(service.access_url) or link.id
    return Request(
        url=service.access_url,
        parameters=(*identity, *inputs.fixed(), *values, *form),
        id=identifier,
        name=f"{_stem(identifier)}_cutout.fits" if _is_fits(link, inputs, form) else None,
        content_type=form[0][1] if form else link.content_type,
        standard=_is_soda(service),
        asynchronous=_is_job(service),
        not_cut=not_cut,
    )


def facts_of(request: Request, cut: Cut) -> dict[str, str]:
    """For the receipt: what was cut, and whether the pixels are those of the whole dataset."""
    pixels = "original" if request.standard and not cut.more else "unknown"
    return {"cutout": cut.said(without=request.not_cut), "pixels": pixels}


def _is_soda(service: Descriptor) -> bool:
    return service.standard_id.lower().startswith(_SODA)


def _is_job(service: Descriptor | None) -> bool:
    return service is not None and service.standard_id.lower().startswith(f"{_SODA}async")


def _identity(service: Descriptor, link: Link, inputs: Inputs) -> Sequence[tuple[str, str]]:
    """How the service is told which dataset is meant."""
    known = inputs.named("ID")
    if known is not None:
        return ((known.name, known.value or link.id),)
    return () if _in_url(service.access_url) else (("ID", link.id),)


def _in_url(url: str) -> str:
    """ALMA's descriptions have the dataset in the address (2022)."""
    values = parse_qsl(urlsplit(url).query)
    return next((value for name, value in values if name.upper() == "ID"), "")


def _is_fits(link: Link, inputs: Inputs, form: Sequence[tuple[str, str]]) -> bool:
    told = form[0][1] if form else link.content_type
    if told:
        return "fits" in told.lower()
    return inputs.named("FORMAT") is None


def _stem(identifier: str) -> str:
    """What comes last in an identifier, without the endings of FITS files."""
    last = re.split(r"[/?]", identifier.rstrip("/"))[-1]
    return re.sub(r"[.](fits|fit|fz|gz|Z)(?=[.]|$)", "", last) or "dataset"
