"""`lounge site`: credentials and permissions for a producer."""

import re
from typing import Annotated

import typer

from deploy.cli.options import DEFAULT, AsJson, Data

_SITE = re.compile(r"[a-z][a-z0-9-]{1,30}")

app = typer.Typer(help="Other sites as producers of messages.", no_args_is_help=True)


def _site(value: str) -> str:
    if not _SITE.fullmatch(value):
        raise typer.BadParameter("a site is 2 to 31 characters of a-z, 0-9 and -, a letter first")
    return value


Site = Annotated[str, typer.Argument(callback=_site, help="The site, such as osaka.")]
Zone = Annotated[str | None, typer.Option(help="Its IANA time zone; UTC for a new site.")]
NameJa = Annotated[str | None, typer.Option("--name-ja", help="Its name in Japanese.")]
NameEn = Annotated[str | None, typer.Option("--name-en", help="Its name in English.")]


@app.command(epilog="Example: lounge site add osaka --zone Asia/Tokyo --name-en 'LINK-J WEST' --json > osaka.json")
def add(
    site: Site,
    zone: Zone = None,
    name_ja: NameJa = None,
    name_en: NameEn = None,
    data: Data = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Let a site publish: account, stream, key for NATS and for HTTP; makes the site if it is unknown."""
    from deploy.cli import showing, sites

    named = sites.Described(site, zone, name_ja, name_en)
    showing.facts(sites.add(data, named), as_json=as_json)


@app.command(epilog="Example: lounge site define osaka --zone Asia/Tokyo --json")
def define(
    site: Site,
    zone: Zone = None,
    name_ja: NameJa = None,
    name_en: NameEn = None,
    data: Data = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Make a site a producer, with a key for HTTP, where its account and nkey are made elsewhere (Kubernetes)."""
    from deploy.cli import showing, sites

    named = sites.Described(site, zone, name_ja, name_en)
    showing.facts(sites.define(data, named), as_json=as_json)


@app.command("list", epilog="Example: lounge site list --json")
def list_(data: Data = DEFAULT, as_json: AsJson = False) -> None:
    """The producers, and how many messages their input holds."""
    from deploy.cli import showing, sites

    showing.table(sites.listed(data), as_json=as_json)


@app.command(epilog="Example: lounge site remove osaka")
def remove(site: Site, data: Data = DEFAULT, as_json: AsJson = False) -> None:
    """Take its keys and its account, with its receipts, away; what it has sent stays."""
    from deploy.cli import showing, sites

    showing.facts(sites.remove(data, site), as_json=as_json)


@app.command(epilog="Example: lounge site rotate osaka --json > osaka.json; later: lounge site rotate osaka --withdraw")
def rotate(
    site: Site,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="The newest credentials alone open now.")] = False,
    now: Annotated[bool, typer.Option("--now", help="With --withdraw: cut off who uses the former.")] = False,
    data: Data = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Give a site new credentials; its former ones work until they are withdrawn."""
    from deploy.cli import showing, sites

    if now and not withdraw:
        raise typer.BadParameter("--now goes with --withdraw")
    told = sites.withdraw(data, site, now=now) if withdraw else sites.renew(data, site)
    showing.facts(told, as_json=as_json)
