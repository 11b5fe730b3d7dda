"""This file lists where the sandbox's MAST answers: one handler for each of its addresses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.responses import Response

from skyatlas.sandbox import (
    mast_columns,
    mast_files,
    mast_missions,
    mast_missions_columns,
    mast_missions_products,
    mast_tokens,
    santa,
)
from skyatlas.sandbox.mast_bundle import Bundles
from skyatlas.sandbox.mast_portal import Portal
from skyatlas.sandbox.mast_tesscut import Tesscut
from skyatlas.sandbox.state import State

Handler = Callable[..., Response]


def of_state(_state: State) -> dict[str, Handler]:
    """Handlers that take the state and the request, by path: "/HOST/PATH"."""
    site, bundles, tesscut = "/mast.stsci.edu", Bundles(), Tesscut()
    bundle = f"{site}/api/v0.1/Download/bundle"
    mission = f"{site}/search/{{mission}}/api/v0.1"
    return {
        f"{site}/api/v0/invoke": Portal().invoke,
        f"{site}/portal/Mashup/Mashup.asmx/columnsconfig": mast_columns.columns_config,
        f"{site}/api/v0.1/Download/file": mast_files.download,
        bundle: bundles.ask,
        f"{bundle}.zip": partial(bundles.direct, kind="zip"),
        f"{bundle}.tar.gz": partial(bundles.direct, kind="tar.gz"),
        f"{bundle}.sh": partial(bundles.direct, kind="sh"),
        f"{site}/portal/Download/stage/anonymous/public/{{name}}/{{rest}}": bundles.staged,
        f"{site}/api/v0.1/path_lookup": mast_files.path_lookup,
        f"{site}/api/v0.1/path_lookup/": mast_files.path_lookup,
        f"{site}/search/util/api/v0.1/column_list": mast_missions_columns.column_list,
        f"{mission}/search": mast_missions.search,
        f"{mission}/list_products": mast_missions_products.product_list,
        f"{mission}/post_list_products": mast_missions_products.product_list,
        f"{mission}/retrieve_product": mast_missions_products.retrieve,
        f"{site}/tesscut/api/v0.1/sector": tesscut.sector,
        f"{site}/tesscut/api/v0.1/astrocut": tesscut.astrocut,
        f"{site}/whoami": mast_tokens.whoami,
        "/auth.mast.stsci.edu/token": mast_tokens.token_page,
        "/mastresolver.stsci.edu/Santa-war/query": santa.query,
        "/s3.amazonaws.com/stpubdata/{key:path}": mast_files.bucket,
        "/stpubdata.s3.amazonaws.com/{key:path}": mast_files.bucket,
    }
