"""This file holds the command that serves the sandbox."""

from __future__ import annotations

from pathlib import Path

import click

from skyatlas.cli.options import Code, common, say


@click.command(
    epilog="""\b
Example:
  skyatlas sandbox --port 8123 --holdings my/spectra
  SKYATLAS_SANDBOX=http://127.0.0.1:8123 skyatlas search "NGC 1068"
"""
)
@click.option("-p", "--port", type=click.IntRange(0, 65535), default=8123, show_default=True,
              help="Port on this machine; 0 takes any that is free.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another sky.")
@common
def sandbox(port: int, seed: int) -> int:
    """Serve made-up archives on this machine: their own host names and paths, real FITS files.

    Faults: `--fault NAME[:WHERE[:COUNT]]` lets them misbehave as the real ones sometimes do.
    """
    told = click.get_current_context().find_root().ensure_object(dict)
    folders: tuple[Path, ...] = tuple(told.get("holdings", ()))
    from skyatlas.sandbox import serve_forever

    say(f"the sandbox opens at http://127.0.0.1:{port}/ (Ctrl-C closes it)")
    serve_forever(port=port, seed=seed, folders=folders, faults=tuple(told.get("fault", ())))
    return Code.DONE
