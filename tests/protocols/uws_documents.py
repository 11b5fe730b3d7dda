"""This file writes job documents for the tests, as UWS 1.0 and 1.1 have them."""

from __future__ import annotations


def job_document(
    phase: str, *, version: str = "1.1", result: str = "results/result", error: str = ""
) -> bytes:
    """A job of the number 1 in this phase."""
    results = f'<uws:result id="result" xlink:href="{result}"/>' if phase == "COMPLETED" else ""
    trouble = f"<uws:errorSummary><uws:message>{error}</uws:message></uws:errorSummary>"
    said = f' version="{version}"' if version != "1.0" else ""
    return (
        f'<?xml version="1.0"?><uws:job xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0"'
        f' xmlns:xlink="http://www.w3.org/1999/xlink"{said}>'
        f"<uws:jobId>1</uws:jobId><uws:phase>{phase}</uws:phase>"
        f"<uws:executionDuration>60</uws:executionDuration>"
        f"<uws:results>{results}</uws:results>{trouble if error else ''}</uws:job>"
    ).encode()
