"""TAP over HTTP: sync, async, formats, limits and refusals, asked by hand and by pyvo."""

from __future__ import annotations

import csv
import gc
import io
import json
import threading
import warnings
from collections.abc import Iterator

import pytest
import requests
from astropy.io import fits
from astropy.io.votable import parse
from astropy.table import Table
from pyvo.dal import DALQueryError, TAPService
from pyvo.dal.exceptions import DALOverflowWarning

from skyatlas.sandbox import ACCOUNTS, Sandbox

# pyvo does not read the answers to its POSTs to the end: their sockets wait for the collector.
pytestmark = pytest.mark.usefixtures("closed_sessions")

PI, VISITOR = ACCOUNTS
CENTRE = "circle('ICRS', 40.669629, -0.013281, 0.05)"


@pytest.fixture
def tap(box: Sandbox) -> Iterator[TAPService]:
    with requests.Session() as session:
        yield TAPService(f"{box.url}/archive.eso.org/tap_obs", session=session)
    gc.collect()


def ask(box: Sandbox, query: str, **more: str) -> requests.Response:
    data = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query, **more}
    return requests.post(f"{box.url}/archive.eso.org/tap_obs/sync", data=data, timeout=30)


def token(box: Sandbox, account: object = PI) -> str:
    form = {"grant_type": "password", "username": account.username, "password": account.password}
    answer = requests.get(f"{box.url}/www.eso.org/sso/oidc/token", params=form, timeout=30)
    return answer.json()["id_token"]


def test_pyvo_gets_rows_with_units_and_nulls(tap: TAPService) -> None:
    found = tap.search(f"select * from ivoa.ObsCore where intersects(s_region, {CENTRE}) = 1")
    table = found.to_table()
    assert len(table) > 0
    assert str(table["em_min"].unit) == "m"
    assert str(table["access_estsize"].unit) == "kbyte"
    assert table["strehl"].mask.any()
    assert len(table.colnames) == 54


def test_pyvo_reads_what_the_service_is(tap: TAPService) -> None:
    assert tap.hardlimit == 15_000_000
    assert tap.get_tap_capability().executionduration.default == 60
    assert "ivoa.ObsCore" in [table.name for table in tap.tables]
    assert len(tap.tables["dbo.raw"].columns) == 62
    assert "SELECT" in tap.examples[0]["QUERY"]


def test_a_url_in_an_answer_leads_back_to_the_sandbox(tap: TAPService, box: Sandbox) -> None:
    row = tap.search("select top 1 access_url, datalink_url from dbo.raw")[0]
    assert row["access_url"].startswith(f"{box.url}/dataportal.eso.org/dataPortal/file/")
    assert row["datalink_url"].startswith(f"{box.url}/archive.eso.org/datalink/links?ID=")


def test_whoever_comes_through_the_door_gets_the_archives_own_urls(box: Sandbox) -> None:
    answer = requests.get(
        f"{box.url}/archive.eso.org/tap_obs/sync",
        params={"QUERY": "select top 1 access_url from dbo.raw", "FORMAT": "csv"},
        headers={"X-Forwarded-Host": "archive.eso.org", "X-Forwarded-Proto": "https"},
        timeout=30,
    )
    assert "https://dataportal.eso.org/dataPortal/file/" in answer.text


def test_an_error_is_a_document_with_status_400(box: Sandbox, tap: TAPService) -> None:
    answer = ask(box, "select nope from dbo.raw")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/x-votable+xml"
    assert "Unknown column 'nope'" in answer.text
    document = parse(io.BytesIO(answer.content), verify="exception")
    assert document.resources[0].infos[0].value == "ERROR"
    with pytest.raises(DALQueryError, match="Unknown column 'nope'"):
        tap.search("select nope from dbo.raw")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"FORMAT": "parquet"}, "parquet is not supported"),
        ({"MAXREC": "many"}, "MAXREC=many"),
        ({"LANG": "PQL"}, "LANG=PQL"),
        ({"REQUEST": "doThings"}, "REQUEST=doThings"),
        ({"UPLOAD": "t,http://x"}, "does not support UPLOAD"),
        ({"QUERY": ""}, "QUERY is missing"),
    ],
)
def test_wrong_parameters_are_refused_in_words(
    box: Sandbox, more: dict[str, str], words: str
) -> None:
    answer = ask(box, **{"query": "select * from dbo.raw"} | more)
    assert answer.status_code == 400
    assert words in answer.text


def test_too_many_rows_are_said_after_the_table(box: Sandbox, tap: TAPService) -> None:
    text = ask(box, "select dp_id from dbo.raw", MAXREC="3").text
    assert text.count("<TR>") == 3
    assert text.index("</TABLE>") < text.index('value="OVERFLOW"')
    box.fault("overflow=2", "sync")
    with pytest.warns(DALOverflowWarning):
        found = tap.search("select dp_id from dbo.raw")
    assert len(found) == 2
    box.heal()
    assert "OVERFLOW" not in ask(box, "select top 3 dp_id from dbo.raw", MAXREC="2000").text[-200:]


def test_maxrec_0_gives_the_columns_alone(box: Sandbox) -> None:
    text = ask(box, "select dp_id from dbo.raw", MAXREC="0").text
    assert "<TR>" not in text
    assert '<FIELD name="dp_id"' in text


def test_every_format_holds_the_same_rows(box: Sandbox) -> None:
    query = (
        "select top 20 dp_id, ra, dec, ob_id, tel_airm_start, access_estsize, exp_start, pi_coi "
        "from dbo.raw order by dp_id"
    )

    def votable(form: str) -> list[list[object]]:
        table = parse(io.BytesIO(ask(box, query, RESPONSEFORMAT=form).content), verify="exception")
        rows = table.get_first_table().to_table(use_names_over_ids=True)
        return [[None if cell is rows.masked else cell for cell in row] for row in rows.as_array()]

    plain = votable("votable")
    assert len(plain) == 20
    assert str(votable("votable/b2")) == str(plain)
    assert str(votable("application/x-votable+xml;serialization=BINARY2")) == str(plain)
    lines = list(csv.DictReader(io.StringIO(ask(box, query, FORMAT="csv").text)))
    assert [line["dp_id"] for line in lines] == [row[0] for row in plain]
    assert [float(line["ra"]) for line in lines] == [row[1] for row in plain]
    document = json.loads(ask(box, query, FORMAT="json").text)
    assert [column["name"] for column in document["metadata"]] == list(lines[0])
    assert [row[0] for row in document["data"]] == [row[0] for row in plain]
    with fits.open(io.BytesIO(ask(box, query, FORMAT="fits").content)) as hdus:
        assert hdus[1].data["dp_id"].tolist() == [row[0] for row in plain]


def test_pyvo_runs_an_async_job(tap: TAPService) -> None:
    found = tap.run_async("select count(*) as n from ivoa.ObsCore")
    assert found["n"][0] == tap.search("select count(*) as n from ivoa.ObsCore")["n"][0]


def test_a_job_that_fails_says_why(tap: TAPService) -> None:
    job = tap.submit_job("select nope from dbo.raw")
    job.run().wait(phases=["COMPLETED", "ERROR"], timeout=30)
    assert job.phase == "ERROR"
    with pytest.raises(DALQueryError, match="Unknown column 'nope'"):
        job.raise_if_error()
    job.delete()


def test_a_heavy_query_fails_in_sync_and_works_as_a_patient_job(
    box: Sandbox, tap: TAPService
) -> None:
    box.fault("heavy=120", "tap_obs")
    query = "select top 1 dp_id from dbo.raw"
    with pytest.raises(DALQueryError, match="aborted after 60 s"):
        tap.search(query)
    hasty = tap.submit_job(query)
    hasty.run()
    ended = requests.get(hasty.url, params={"WAIT": "30", "PHASE": "EXECUTING"}, timeout=40).text
    assert "<uws:phase>ABORTED</uws:phase>" in ended
    assert "aborted after 60 s" in ended
    patient = tap.submit_job(query)
    patient.execution_duration = 9999
    assert patient.execution_duration.sec == 3600
    patient.run().wait(timeout=30)
    assert len(patient.fetch_result()) == 1


def test_a_job_can_be_found_again_by_its_url_alone(box: Sandbox, tap: TAPService) -> None:
    made = requests.post(
        f"{box.url}/archive.eso.org/tap_obs/async",
        data={"QUERY": "select 1 as one", "LANG": "ADQL", "PHASE": "RUN"},
        allow_redirects=False,
        timeout=30,
    )
    assert made.status_code == 303
    url = made.headers["location"]
    waited = requests.get(url, params={"WAIT": "-1", "PHASE": "EXECUTING"}, timeout=30)
    assert "<uws:phase>COMPLETED</uws:phase>" in waited.text
    assert requests.get(f"{url}/phase", timeout=30).text == "COMPLETED"
    assert "select 1 as one" in requests.get(f"{url}/parameters", timeout=30).text
    assert "results/result" in requests.get(f"{url}/results", timeout=30).text
    assert requests.get(f"{url}/error", timeout=30).status_code == 404
    assert "<TD>1</TD>" in requests.get(f"{url}/results/result", timeout=30).text
    assert url.rpartition("/")[2] in [job.jobid for job in tap.get_job_list()]
    assert requests.delete(url, allow_redirects=False, timeout=30).status_code == 303
    assert requests.get(url, timeout=30).status_code == 404


def test_a_pending_job_waits_and_can_be_changed_and_aborted(box: Sandbox) -> None:
    base = f"{box.url}/archive.eso.org/tap_obs/async"
    url = requests.post(base, data={"QUERY": "select 1"}, timeout=30).url
    requests.post(f"{url}/parameters", data={"QUERY": "select 2 as two"}, timeout=30)
    assert "select 2 as two" in requests.get(f"{url}/parameters", timeout=30).text
    requests.post(f"{url}/destruction", data={"DESTRUCTION": "2000-01-01T00:00:00Z"}, timeout=30)
    assert requests.get(url, timeout=30).status_code == 404
    url = requests.post(base, data={"QUERY": "select 1"}, timeout=30).url
    woken = threading.Event()

    def wait() -> None:
        requests.get(url, params={"WAIT": "30"}, timeout=40)
        woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    requests.post(f"{url}/phase", data={"PHASE": "ABORT"}, timeout=30)
    assert woken.wait(20), "WAIT ends when the phase changes"
    thread.join()
    assert requests.get(f"{url}/phase", timeout=30).text == "ABORTED"
    late = requests.post(f"{url}/executionduration", data={"EXECUTIONDURATION": "9"}, timeout=30)
    assert late.status_code == 403


def test_protected_rows_are_seen_only_by_their_programme(box: Sandbox) -> None:
    hidden = [item for item in box.world.items.values() if item.hidden and item.table]
    query = f"select count(*) as n from {hidden[0].table} where dp_id = '{hidden[0].dp_id}'"

    def seen(**headers: str) -> str:
        with requests.Session() as session:
            session.headers.update(headers)
            service = TAPService(f"{box.url}/archive.eso.org/tap_obs", session=session)
            return str(service.search(query)["n"][0])

    assert seen() == "0"
    assert seen(Authorization=f"Bearer {token(box, VISITOR)}") == "0"
    assert seen(Authorization=f"Bearer {token(box)}") == "1"


def test_a_forged_token_is_refused(box: Sandbox) -> None:
    forged = token(box)[:-4] + "AAAA"
    for path in ("tap_obs/sync?QUERY=select+1", "tap_obs/tables", "datalink/links?ID=x"):
        answer = requests.get(
            f"{box.url}/archive.eso.org/{path}",
            headers={"Authorization": f"Bearer {forged}"},
            timeout=30,
        )
        assert answer.status_code == 401
        assert "QUERY_STATUS" in answer.text


def test_letters_beyond_ascii_are_unicode_fields(box: Sandbox) -> None:
    for form in ("votable", "votable/b2"):
        body = ask(box, "select 'Würzburg ' || dp_id as x from dbo.raw", FORMAT=form).content
        table = parse(io.BytesIO(body), verify="exception").get_first_table().to_table()
        assert table["x"][0].startswith("Würzburg ")


@pytest.mark.parametrize("service", ["tap_obs", "tap_cat"])
def test_every_table_is_a_valid_votable(box: Sandbox, service: str) -> None:
    url = f"{box.url}/archive.eso.org/{service}/sync"

    def table(query: str) -> Table:
        body = requests.get(url, params={"QUERY": query}, timeout=30).content
        with warnings.catch_warnings(record=True) as complaints:
            warnings.simplefilter("always")
            document = parse(io.BytesIO(body), verify="warn")
        # The unit of tel_ambi_rhum is the archive's own; VOUnits 1.1 does not have it.
        assert all("Invalid unit string '%'" in str(one.message) for one in complaints)
        return document.get_first_table().to_table()

    names = table("select table_name from TAP_SCHEMA.tables")["table_name"]
    assert len(names) > 5
    for name in names:
        columns = table(f"select column_name from TAP_SCHEMA.columns where table_name = '{name}'")
        # "size" is a word of ADQL: TAP_SCHEMA has it in quotes.
        plain = [name.strip('"') for name in columns["column_name"]]
        assert plain == table(f"select top 3 * from {name}").colnames
