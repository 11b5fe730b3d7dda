"""This file writes what TAP services answer, for the tests: rows, errors, capabilities."""

from __future__ import annotations

from collections.abc import Sequence
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qs

from fault_server import FaultServer, Plan, Seen, body

XML = "application/x-votable+xml"


def rows(values: Sequence[int], *, name: str = "n", status: str = "OK") -> Plan:
    """A table of one column of integers."""
    cells = "".join(f"<TR><TD>{value}</TD></TR>" for value in values)
    document = (
        '<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        '<RESOURCE type="results"><INFO name="QUERY_STATUS" value="OK"/><TABLE>'
        f'<FIELD name="{name}" datatype="int"/><DATA><TABLEDATA>{cells}</TABLEDATA></DATA></TABLE>'
        f'<INFO name="QUERY_STATUS" value="{status}"/></RESOURCE></VOTABLE>'
    )
    return body(document.encode(), content_type=XML)


def texts(names: Sequence[str], values: Sequence[Sequence[str]]) -> Plan:
    """A table of texts."""
    fields = "".join(f'<FIELD name="{name}" datatype="char" arraysize="*"/>' for name in names)
    cells = "".join(
        "<TR>" + "".join(f"<TD>{value}</TD>" for value in row) + "</TR>" for row in values
    )
    document = (
        f'<VOTABLE version="1.3"><RESOURCE type="results"><TABLE>{fields}<DATA><TABLEDATA>{cells}'
        "</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    )
    return body(document.encode(), content_type=XML)


def error(sentence: str, status: int = 200) -> Plan:
    """An error document."""
    document = (
        '<VOTABLE version="1.3"><RESOURCE type="results">'
        f'<INFO name="QUERY_STATUS" value="ERROR">{sentence}</INFO></RESOURCE></VOTABLE>'
    )
    return body(document.encode(), status, content_type=XML)


def capabilities(
    *,
    version: str = "1.1",
    hard: int | None = 1000,
    binary2: bool = True,
    uploads: bool = True,
    upload_rows: int | None = None,
    upload_bytes: int | None = None,
    seconds: tuple[int, int] | None = None,
    model: str = "",
    tables: str = "",
) -> Plan:
    """What the service says of itself."""
    limits = f'<outputLimit><hard unit="row">{hard}</hard></outputLimit>' if hard else ""
    for unit, most in (("row", upload_rows), ("byte", upload_bytes)):
        if most is not None:
            limits += f'<uploadLimit><hard unit="{unit}">{most}</hard></uploadLimit>'
    if seconds is not None:
        default, most = seconds
        both = f"<default>{default}</default><hard>{most}</hard>"
        limits += f"<executionDuration>{both}</executionDuration>"
    formats = f"<outputFormat><mime>{XML}</mime><alias>votable</alias></outputFormat>"
    if binary2:
        formats += (
            '<outputFormat ivo-id="ivo://ivoa.net/std/TAPRegExt#output-votable-binary2">'
            f"<mime>{XML};serialization=BINARY2;version=1.1</mime>"
            "<alias>old</alias></outputFormat>"
            '<outputFormat ivo-id="ivo://ivoa.net/std/TAPRegExt#output-votable-binary2">'
            f"<mime>{XML};serialization=BINARY2</mime><alias>votable/b2</alias></outputFormat>"
        )
    upload = '<uploadMethod ivo-id="ivo://ivoa.net/std/TAPRegExt#upload-inline"/>'
    document = (
        '<c:capabilities xmlns:c="urn:c" xmlns:xsi="urn:xsi">'
        '<capability standardID="ivo://ivoa.net/std/TAP" xsi:type="tr:TableAccess">'
        f'<interface role="std" xsi:type="vs:ParamHTTP" version="{version}">'
        "<accessURL>http://x.example/tap</accessURL></interface>"
        + (f'<dataModel ivo-id="{model}">model</dataModel>' if model else "")
        + "<language><name>ADQL</name><version>2.0</version></language>"
        f"{formats}{upload if uploads else ''}{limits}</capability>"
        '<capability standardID="ivo://ivoa.net/std/VOSI#tables"><interface>'
        f"<accessURL>{tables}</accessURL></interface></capability></c:capabilities>"
    )
    return body(document.encode(), content_type="text/xml")


def forms(server: FaultServer, path: str = "/tap/sync") -> list[dict[str, str]]:
    """The parameters of every request to that path."""
    return [form_of(seen) for seen in server.asked(path)]


def form_of(seen: Seen) -> dict[str, str]:
    """The parameters of one POST, also of one with uploads (whose files are texts here)."""
    kind = seen.headers.get("content-type", "")
    if not kind.startswith("multipart/"):
        return {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
    message = BytesParser(policy=HTTP).parsebytes(
        f"Content-Type: {kind}\r\n\r\n".encode() + seen.body
    )
    return {
        str(part.get_param("name", header="content-disposition")): part.get_payload(
            decode=True
        ).decode()  # type: ignore[union-attr]
        for part in message.iter_parts()  # type: ignore[attr-defined]
    }
