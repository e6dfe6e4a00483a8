"""`connector init`"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from connector import config, registry
from connector.cli import common
from connector.cli.asking import Asker, Source
from connector.cli.output import facts, say
from connector.config.draft import Draft, reference, render, scalar
from connector.config.fitting import Choice, board, fallback, priority, segments, test_board
from connector.domain import Facet
from connector.errors import ConfigError, ConnectorError, Problem
from connector.jobs import setup as setting_up
from connector.jobs.first_look import Tenant, look

NAME = "psa"


def init(
    kind: Annotated[
        str, typer.Option("--from", metavar="KIND", help="Ask a live system of this kind, such as connectwise.")
    ] = "",
    name: Annotated[
        str,
        typer.Option(help="The connection's name in the file; default: psa, or the kind.", show_default=False),
    ] = "",
    site: Annotated[str, typer.Option(help="ConnectWise: the host you sign in to, such as na.myconnectwise.net.")] = "",
    company: Annotated[str, typer.Option(help="ConnectWise: the company id of the login page.")] = "",
    base_url: Annotated[str, typer.Option(help="Only for test servers: the address in place of the site.")] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any other setting of the connection.", show_default=False),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=NAME",
            help="Where a key stands: public_key=CW_PUBLIC_KEY (environment), or public_key=file:secrets/public-key. "
            "Never the key itself.",
            show_default=False,
        ),
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of your office hours, such as Europe/Berlin.")] = "",
    env_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the keys into this file, readable by you alone.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
) -> None:
    """Write a first configuration, commented, in mode preview: with the real names of your system, or as an example.

    With --from it asks what is missing (at a terminal; else by options and environment), reads the live system's
    types, groups, boards, priorities and members, chooses what sounds right, and lists the rest as comments. No key is
    ever written into the configuration. The file is the one that --config names, else nps.yaml.

    Example: connector init
    Example: connector init --from connectwise
    Example: connector init --from connectwise --site na.myconnectwise.net --company acme --key public_key=CW_PUBLIC_KEY

    Exit 2: a file is there already, or something is missing or wrong; nothing was written
    Exit 3: the system refuses the keys; nothing was written
    Exit 6: the system does not answer; nothing was written
    """
    common.start_log()
    target = common.given.config or Path(os.environ.get(common.CONFIG) or "nps.yaml")
    for path in (target, env_file):
        if path is not None and path.exists() and not force:
            common.wrong(f"{path} is there already; name another file, or --force writes over it")
    if not kind:
        if site or company or base_url or settings or key or env_file:
            common.wrong("--from is missing; write for example --from connectwise")
        _write(target, _headed("An example", render(example())))
        say(f"{target} is written: an example to fill in, in mode preview")
        say(*_next(target, None, checked=False))
        facts({"written": str(target), "from": None})
        return
    plain = {name: text for name, text in (("site", site), ("company", company), ("base_url", base_url)) if text}
    given = {**_pairs(settings or []), **plain}
    _of_system(kind, name, target, force, env_file, zone, given, key or [])


def _of_system(
    kind: str, name: str, target: Path, force: bool, env_file: Path | None, zone: str, given: dict[str, str],
    keys: list[str],
) -> None:  # fmt: skip
    common.known("kind of system with contacts", kind, list(_kinds()))
    name = name or registry.spec(kind).called or kind
    asker = Asker(registry.spec(kind), given, keys, os.environ, beside=target.parent)
    sources = asker.settings()
    told = bool(zone) or asker.person
    zone = zone or asker.zone(_local_zone())
    environ = {**os.environ, **asker.typed}
    draft = _connection_draft(kind, name, sources, zone)
    trial = _trial(draft, target, environ)
    say(f"asking {trial.connections[name].settings.tenant if asker.has_tenant else name} …")
    tenant = look(trial, name)
    text = _headed(f"From {registry.spec(kind).label}", render(_filled(draft, tenant)))
    loaded = config.load_text(text, target, environ)  # what would not load is never written
    _write(target, text)
    env_file = env_file or asker.offered_env_file(force=force)
    if env_file is not None:
        asker.write_env(env_file, force=force)
    say(f"{target} is written, in mode preview, with the names of your system; read it, and change what does not fit")
    if env_file is not None:
        say(f"{env_file} holds the keys, readable by you alone; no key stands in {target}")
    say(f"office hours are those of {zone}{'' if told else ', the zone of this machine'}; for another change "
        f"connections.{name}.calendar.zone in {target}")  # fmt: skip
    for blind in tenant.blind:
        say(f"notice: {blind}")
    missing = _missing_fields(loaded, name)
    unset = [] if env_file else sorted(asker.typed)
    say(*_next(target, env_file, checked=True, unset=unset, setup=name if missing else ""))
    facts({
        "written": str(target),
        "from": kind,
        "connection": name,
        "env_file": str(env_file) if env_file else None,
        "zone": zone,
        "missing_fields": missing,
        "notices": list(tenant.blind),
    })  # fmt: skip


def example() -> Draft:
    """What `connector init` writes when it asks nobody; config/example.yaml is the same."""
    return Draft(
        connection=NAME,
        kind="connectwise",
        settings=[
            ("site", "na.myconnectwise.net"), ("company", "acme"), ("public_key", "${CW_PUBLIC_KEY}"),
            ("private_key", "${CW_PRIVATE_KEY}"), ("client_id", "${CW_CLIENT_ID}"),
        ],
        remarks={
            "site": "the host you sign in to, with or without api-",
            "company": "the company id of the login page",
            "public_key": "${NAME} is taken from the environment, ${file:secrets/name} from a file",
        },
        zone="Europe/Berlin",
        holidays="DE-BE",
        choices={
            Facet.CONTACT_TYPE: Choice(include=("Decision Maker", "Owner")),
            Facet.COMPANY_TYPE: Choice(include=("Managed Client",), exclude=("Former Client",)),
            Facet.MARKETING_GROUP: Choice(include=("NPS 2026",)),
        },
        board="Customer Success",
        priority="High",
        owner=("account_manager", "territory_manager", "member:bob"),
    )  # fmt: skip


def _pairs(written: list[str]) -> dict[str, str]:
    for each in written:
        if "=" not in each:
            common.wrong("--set: write KEY=VALUE, for example url=https://crm.example.com")
    return dict(each.split("=", 1) for each in written)


def _kinds() -> Iterator[str]:
    for kind in registry.kinds():
        try:
            if registry.spec(kind).facets and kind != "memory":  # memory lives in tests only
                yield kind
        except ConfigError:
            continue  # an adapter whose own package is not installed


def _connection_draft(kind: str, name: str, sources: list[Source], zone: str) -> Draft:
    return Draft(
        connection=name,
        kind=kind,
        settings=[(each.key, reference(each.text) if each.secret else scalar(each.text)) for each in sources],
        remarks={each.key: each.remark for each in sources},
        zone=scalar(zone),
        owner=registry.spec(kind).owners,
    )


def _trial(draft: Draft, target: Path, environ: dict[str, str]) -> config.Config:
    """The connection alone, checked as it will stand in the file. Raises ConfigError without places of a file."""
    text = render(draft).partition("\nrules:")[0]
    try:
        return config.load_text(text, target, environ)
    except ConfigError as error:
        raise ConfigError(
            [Problem(file=p.path or "configuration", message=p.message) for p in error.problems]
        ) from None


def _filled(draft: Draft, tenant: Tenant) -> Draft:
    choices = {facet: segments(facet, known) for facet, known in tenant.segments.items()}
    guessed = None
    if not any(choice.include for choice in choices.values()):
        for facet in (Facet.CONTACT_TYPE, Facet.COMPANY_TYPE, Facet.MARKETING_GROUP):
            largest = fallback(tenant.segments.get(facet, ()))
            if largest:
                guessed, others = facet, tuple(each for each in choices[facet].others if each.name != largest)
                choices[facet] = replace(choices[facet], include=(largest,), others=others)
                break
    spec = registry.spec(draft.kind)
    boards, priorities = tenant.lists.get("boards", ()), tenant.lists.get("priorities", ())
    return replace(
        draft, choices=choices, changes=spec.changes, needs_board="board" in spec.ticket_needs,
        guessed=guessed, board=board(boards), boards=boards, priority=priority(priorities),
        priorities=priorities, members=tenant.lists.get("members", ()), test_board=test_board(boards),
    )  # fmt: skip


def _headed(what: str, text: str) -> str:
    now = datetime.now(UTC)
    return f"# {what}, written by connector init on {now:%Y-%m-%d}. Check it: connector check\n{text}"


def _missing_fields(loaded: config.Config, name: str) -> list[str]:
    """The custom fields that the rules just written need and the system has not; none where that cannot be read."""
    try:
        states = setting_up.look(loaded, name) or []
    except ConnectorError:
        return []
    return [state.needed.caption for state in states if not state.exists]


def _write(target: Path, text: str) -> None:
    """Whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _next(
    target: Path, env_file: Path | None, *, checked: bool, unset: list[str] | None = None, setup: str = ""
) -> list[str]:
    named = "" if target in common.PLACES else f" --config {target}"
    lines = ["", "next:"]
    if env_file is not None:
        source = env_file if env_file.is_absolute() or env_file.parent != Path() else f"./{env_file}"
        lines.append(f"  set -a; . {source}; set +a".ljust(38) + "  the keys, in each new terminal")
    elif unset:
        lines.append(f"  export {' '.join(f'{name}=…' for name in unset)}".ljust(38) + "  the keys you typed")
    if not checked:
        lines.append(f"  edit {target}".ljust(38) + "  site, company, the names of your types, groups and boards")
    lines.append(f"  connector{named} check --live".ljust(38) + "  proves keys, rights and every name")
    if setup:
        lines.append(f"  connector{named} setup {setup}".ljust(38) + "  missing: fields that answers go to")
    lines.append(f"  connector{named} preview".ljust(38) + "  who would be asked, and why the others not")
    return lines


def _local_zone() -> str:
    """This machine's zone where it says its name, else UTC."""
    for text in (os.environ.get("TZ", ""), _target("/etc/localtime").partition("zoneinfo/")[2]):
        if "/" in text and not text.startswith(("/", ":")):
            return text
    return "UTC"


def _target(link: str) -> str:
    try:
        return os.readlink(link) if sys.platform != "win32" else ""
    except OSError:
        return ""
