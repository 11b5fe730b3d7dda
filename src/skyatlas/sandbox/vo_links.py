"""This file answers as DataLink 1.1: what belongs to a data set, and what can be done with it.

An identifier that is unknown is a row with an error message, never an HTTP error. A link to another
data set leads to that one's DataLink document, so documents may point at each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from starlette.responses import Response

from skyatlas.sandbox import vo_files, vo_holdings, votable
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.item import Link
from skyatlas.sandbox.publisher import Publisher
from skyatlas.sandbox.state import State
from skyatlas.sandbox.vo_holdings import DataSet
from skyatlas.sandbox.vo_place import Place
from skyatlas.sandbox.vo_table import Answer, Field, document, failed

FIELDS = (
    Field("ID", ucd="meta.id;meta.main"),
    Field("access_url", ucd="meta.ref.url"),
    Field("service_def", ucd="meta.ref"),
    Field("error_message", ucd="meta.code.error"),
    Field("semantics", ucd="meta.code"),
    Field("description", ucd="meta.note"),
    Field("content_type", ucd="meta.code.mime"),
    Field("content_length", "long", "byte", "phys.size;meta.file"),
)
"""DataLink 1.1, table 1."""

_KINDS: Mapping[str, str] = MappingProxyType(
    {"sync": "A piece of it, at once", "async": "A piece of it, as a job"}
)
"""The two ways to cut, and what to say of them."""

Row = tuple[object, ...]


def links(state: State, asked: Asked, publisher: Publisher) -> Response:
    """`/links?ID=…`: the links of one or more data sets."""
    identifiers = asked.all("ID")
    if not identifiers:
        return failed("UsageFault: the parameter ID is missing", 400)
    rows: list[Row] = []
    services: list[str] = []
    for number, identifier in enumerate(identifiers, start=1):
        item = vo_holdings.find(publisher, state.world.seed, identifier)
        if item is None:
            rows.append(_missing(identifier, "#this", None))
            continue
        rows += _rows(state, asked, publisher, item)
        if can_be_cut(publisher, item):
            rows += _cut_rows(item, number)
            services += [_soda(asked, publisher, item, kind, number) for kind in _KINDS]
    body = document(Answer(FIELDS, rows, after="".join(services)))
    return Response(body, media_type=vo_holdings.LINKS)


def can_be_cut(publisher: Publisher, item: DataSet) -> bool:
    """Whether the publisher's SODA service takes it."""
    cuts = any("soda" in service.habits for service in publisher.services)
    return cuts and item.row["dataproduct_type"] in {"image", "cube"}


def _missing(identifier: str, semantics: str, description: str | None) -> Row:
    trouble = "NotFoundFault: there is no such data set"
    return (identifier, None, None, trouble, semantics, description, None, None)


def _rows(state: State, asked: Asked, publisher: Publisher, item: DataSet) -> Iterator[Row]:
    url = asked.link(vo_holdings.file_url(publisher, item.filename))
    size = vo_files.size(item.plate)
    title = str(item.row["obs_title"])
    yield (item.dp_id, url, None, None, "#this", title, item.content_type, size)
    picture = asked.link(vo_holdings.file_url(publisher, preview_name(item)))
    yield (item.dp_id, picture, None, None, "#preview", "A small picture", "image/png", None)
    for link in item.links:
        yield _linked(state, asked, publisher, item, link)


def preview_name(item: DataSet) -> str:
    """The name of the file with its picture."""
    return f"{item.filename.removesuffix('.fits')}.png"


def _linked(state: State, asked: Asked, publisher: Publisher, item: DataSet, link: Link) -> Row:
    if vo_holdings.find(publisher, state.world.seed, link.dp_id) is None:
        return _missing(item.dp_id, link.semantics, link.description)
    url = asked.link(vo_holdings.links_url(publisher, link.dp_id))
    kind = vo_holdings.LINKS
    return (item.dp_id, url, None, None, link.semantics, link.description, kind, None)


def _cut_rows(item: DataSet, number: int) -> Iterator[Row]:
    for kind, text in _KINDS.items():
        name = f"soda-{kind}-{number}"
        yield (item.dp_id, None, name, None, "#cutout", text, item.content_type, None)


def _soda(asked: Asked, publisher: Publisher, item: DataSet, kind: str, number: int) -> str:
    """The description of the cut-out service, with the limits of this data set.

    Source: SODA 1.0, "SODA service descriptor from DataLink".
    """
    return _descriptor(
        f"soda-{kind}-{number}",
        f"ivo://ivoa.net/std/SODA#{kind}-1.0",
        asked.link(f"https://{publisher.host}/soda/{kind}"),
        Field("ID", ucd="meta.id;meta.main").param(item.dp_id) + "".join(_limits(item)),
    )


def _limits(item: DataSet) -> Iterator[str]:
    row = item.row
    half = item.plate.shot.recipe.field / 2**0.5
    circle = f"{row['s_ra']} {row['s_dec']} {half:.6f}"
    outline = str(row["s_region"]).removeprefix("POLYGON ICRS ")
    outlined = {"unit": "deg", "ucd": "pos.outline;obs"}
    yield _limited(Field("CIRCLE", "double", arraysize="3", xtype="circle", **outlined), circle)
    yield _limited(Field("POLYGON", "double", arraysize="*", xtype="polygon", **outlined), outline)
    yield Field("POS", ucd="pos.outline;obs").param("")
    for name, unit, ucd, low, high in (
        ("BAND", "m", "em.wl;stat.interval", "em_min", "em_max"),
        ("TIME", "d", "time.interval;obs.exposure", "t_min", "t_max"),
    ):
        limits = f'<MIN value="{row[low]}"/><MAX value="{row[high]}"/>'
        field = Field(name, "double", unit, ucd, "", "2", "interval")
        yield field.param("", inside=f"<VALUES>{limits}</VALUES>")
    if states := row.get("pol_states"):
        options = "".join(f'<OPTION value="{one}"/>' for one in str(states).strip("/").split("/"))
        field = Field("POL", ucd="meta.code;phys.polarization")
        yield field.param("", inside=f"<VALUES>{options}</VALUES>")


def _limited(field: Field, most: str) -> str:
    """A PARAM whose VALUES hold an outline of the data set."""
    return field.param("", inside=f'<VALUES><MAX value="{most}"/></VALUES>')


def _descriptor(ident: str, standard: str, url: str, inputs: str) -> str:
    return (
        f'<RESOURCE type="meta" ID="{ident}" utype="adhoc:service">\n'
        f"{Field('standardID').param(standard)}{Field('accessURL').param(url)}"
        f'<GROUP name="inputParams">\n{inputs}</GROUP>\n</RESOURCE>\n'
    )


def service_descriptors(asked: Asked, place: Place) -> str:
    """Behind a table of results: its column obs_publisher_did is the ID of DataLink documents."""
    attributes = votable.attributes(
        name="ID", datatype="char", arraysize="*", ucd="meta.id;meta.main", ref="obs_publisher_did"
    )
    return _descriptor(
        "links",
        "ivo://ivoa.net/std/DataLink#links-1.1",
        asked.link(f"https://{place.publisher.host}/links"),
        f'<PARAM{attributes} value=""/>\n',
    )
