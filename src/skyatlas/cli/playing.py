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

    Faults: `--fault NAME[=VALUE][:URL[:N]]` lets the first N requests whose URL holds URL
    run into what the real archives sometimes do: slow, 503, reset, html …
    """
    told = click.get_current_context().find_root().ensure_object(dict)
    from skyatlas.errors import BadInput
    from skyatlas.sandbox import Sandbox

    folders: tuple[Path, ...] = tuple(told.get("holdings", ()))
    try:
        with Sandbox(port, seed, folders, tuple(told.get("fault", ()))) as box:
            click.echo(box.url)
            say("is the sandbox's address; Ctrl-C closes it. In another terminal:")
            say(f"  SKYATLAS_SANDBOX={box.url} skyatlas search 'NGC 1068'")
            _wait()
    except OSError as error:
        raise BadInput(f"the port {port} cannot be used: {error.strerror}") from error
    say("closed")
    return Code.DONE


def _wait() -> None:
    """Until Ctrl-C, or until whoever started us asks us to end."""
    import signal
    from threading import Event

    ended = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
