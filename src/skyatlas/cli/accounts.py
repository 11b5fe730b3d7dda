"""This file holds the commands about logins: login, logout, whoami. No secret is printed."""

from __future__ import annotations

import sys

import click

from skyatlas.cli.options import Code, common, say, session


@click.command(
    epilog="""\b
Examples:
  skyatlas login eso --username me          (asks for the password, keeps it in the keyring)
  SKYATLAS_ESO_USERNAME=me SKYATLAS_ESO_PASSWORD=… skyatlas search …   (no keyring needed)
  skyatlas login mast                       (asks for a token, says where it is made)
  SKYATLAS_MAST_TOKEN=… skyatlas fetch …
"""
)
@click.argument("archive")
@click.option("-u", "--username", help="Your name at the archive.")
@click.option("--save/--no-save", default=True, help="Keep what is typed in in the keyring.  [yes]")
@common
def login(archive: str, username: str | None, *, save: bool) -> int:
    """Log in at ARCHIVE. Its password comes from the environment, keyring, netrc, or is asked for.

    MAST takes a token instead. An entry that astroquery has put into your keyring is found too.
    """
    prompt = _prompt if sys.stdin.isatty() else None
    with session() as asking:
        takes_token = bool(asking.roster.archive(archive).token_page)
        if prompt and not takes_token and username is None and asking.whoami(archive) is None:
            username = click.prompt(f"User name at {archive.upper()}", err=True)
        name = asking.login(archive, username, prompt=prompt, save=save)
    say(f"logged in at {archive} as {name}")
    return Code.DONE


def _prompt(question: str) -> str:
    answer: str = click.prompt(question.rstrip(": "), hide_input=True, err=True)
    return answer


@click.command()
@click.argument("archive")
@common
def logout(archive: str) -> int:
    """Forget the password or token that was kept for ARCHIVE."""
    with session() as asking:
        forgot = asking.logout(archive)
    say(
        f"forgot the login at {archive}"
        if forgot
        else f"no login at {archive} was kept by skyatlas"
    )
    return Code.DONE


@click.command()
@click.argument("archive")
@common
def whoami(archive: str) -> int:
    """Say who is logged in at ARCHIVE, and where the password or token comes from."""
    with session() as asking:
        what = "token" if asking.roster.archive(archive).token_page else "password"
        found = asking.whoami(archive)
    if found is None:
        say(f"nobody is logged in at {archive}: `skyatlas login {archive}`")
        return Code.LOGIN
    click.echo(f"{found[0]} ({what} from the {found[1]})")
    return Code.DONE
