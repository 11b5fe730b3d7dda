"""This file puts the sandbox in MAST's place for astroquery.mast, which stays as it is.

Its addresses are class attributes that it makes of its setting `server` when it is imported, and
two that stand inside `mast.utils`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox

_PORTAL = {
    "MAST_REQUEST_URL": "/api/v0/invoke",
    "COLUMNS_CONFIG_URL": "/portal/Mashup/Mashup.asmx/columnsconfig",
    "MAST_DOWNLOAD_URL": "/api/v0.1/Download/file",
    "MAST_BUNDLE_URL": "/api/v0.1/Download/bundle",
}
_SERVICES = {
    "SERVICE_URL": "",
    "REQUEST_URL": "/api/v0.1/",
    "MISSIONS_DOWNLOAD_URL": "/search/",
    "MAST_DOWNLOAD_URL": "/api/v0.1/Download/file",
}


@pytest.fixture
def mast_site(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where astroquery.mast finds MAST for the time of a test."""
    from astroquery import mast
    from astroquery.mast import utils
    from astroquery.mast.discovery_portal import PortalAPI
    from astroquery.mast.services import ServiceAPI

    address = f"{box.url}/mast.stsci.edu"
    for owner, paths in ((PortalAPI, _PORTAL), (ServiceAPI, _SERVICES)):
        for name, path in paths.items():
            monkeypatch.setattr(owner, name, f"{address}{path}")
    monkeypatch.setattr(PortalAPI, "_column_configs", {})
    get = utils._simple_request

    def get_here(url: str, params: Any = None) -> Any:
        return get(re.sub(r"^https?://(?!127\.)", f"{box.url}/", url), params)

    monkeypatch.setattr(utils, "_simple_request", get_here)
    cloud = mast.conf.set_temp("enable_cloud_dataset", False)
    with mast.conf.set_temp("server", address), cloud:
        yield address
