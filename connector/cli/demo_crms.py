"""The CRMs of `connector demo`: how each is written into the configuration, and its stand-in seen from outside."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast
from urllib.request import Request, urlopen


class Server(Protocol):
    """A running stand-in. `login` holds the keys it wants, under names of its own."""

    port: int
    url: str
    login: Any

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Crm:
    """One CRM of the story. The YAML texts are filled with `url` and, for the rule, `record` and `on`."""

    kind: str
    label: str
    connection: str
    audience: str
    port: int
    ticket: str
    """What it calls a ticket."""
    keys: Mapping[str, str]
    """Variable of the environment → attribute of the stand-in's login."""
    connection_yaml: str
    audience_yaml: str
    rule_yaml: str
    opens: Callable[[Mapping[str, Any]], dict[str, str]]
    """The records people would see → whose each ticket is, by its id; empty where they do not say it by name."""
    recorded: Callable[[Mapping[str, Any]], set[str]]
    """The records people would see → ids of the contacts on which an answer stands."""
    opt_out: Callable[[str], dict[str, Any]]
    """What a person does there who unsubscribes this contact: for the lever `technician`, or for `edit`."""


CONNECTWISE = Crm(
    kind="connectwise",
    label="ConnectWise PSA",
    connection="psa",
    audience="decision-makers",
    port=8420,
    ticket="ticket",
    keys={"CW_PUBLIC_KEY": "public_key", "CW_PRIVATE_KEY": "private_key", "CW_CLIENT_ID": "client_id"},
    connection_yaml="""\
  psa:
    adapter: connectwise
    base_url: {url}
    company: acme                   # the login's company id
    public_key: ${{CW_PUBLIC_KEY}}
    private_key: ${{CW_PRIVATE_KEY}}
    client_id: ${{CW_CLIENT_ID}}
    calendar: {{zone: Europe/Berlin, hours: "09:00-17:00", holidays: DE-BE}}
""",
    audience_yaml="""\
  decision-makers:
    from: psa
    contact_types: [Decision Maker, Owner]
    company_types: [Managed Client]
    marketing_groups: [NPS 2026]
    exclude: {company_types: [Former Client]}
""",
    rule_yaml="""\
  - id: call-back
    name: call detractors back
    when: {{band: detractor{on}}}
    then:
{record}      - open_ticket:
          board: Customer Success
          priority: High
          owner: [account_manager, territory_manager, "member:bob"]
          due: 1 business day
""",
    opens=lambda records: {str(row["id"]): (row.get("owner") or {}).get("name", "") for row in records["tickets"]},
    recorded=lambda records: {str(note["contactId"]) for note in records["contact_notes"]},
    opt_out=lambda contact: {"path": f"/company/contacts/{contact}", "set": {"unsubscribeFlag": True}},
)
HUBSPOT = Crm(
    kind="hubspot",
    label="HubSpot",
    connection="hub",
    audience="customers",
    port=8421,
    ticket="ticket",
    keys={"HUBSPOT_ACCESS_TOKEN": "token"},
    connection_yaml="""\
  hub:
    adapter: hubspot
    base_url: {url}
    portal: "4242"                  # the Hub ID
    access_token: ${{HUBSPOT_ACCESS_TOKEN}}
    calendar: {{zone: Europe/Berlin, hours: "09:00-17:00", holidays: DE-BE}}
""",
    audience_yaml="""\
  customers:
    from: hub
    contact_types: [Customer]       # the lifecycle stage, unless contact_type names another property
    marketing_groups: [NPS 2026]    # a list
    exclude: {company_types: [Former Client]}
""",
    rule_yaml="""\
  - id: call-back-hub
    name: call HubSpot's detractors back
    when: {{band: detractor{on}}}
    then:
{record}      - open_ticket:
          pipeline: Customer Success
          priority: High
          owner: [account_manager, "member:bob@example.com"]
          due: 1 business day
""",
    opens=lambda records: {str(row["id"]): "" for row in records["tickets"]},
    recorded=lambda records: {str(row["id"]) for row in records["contacts"] if row["properties"].get("nps_score")},
    opt_out=lambda contact: {"act": "set", "id": contact, "properties": {"hs_email_optout": "true"}},
)
SALESFORCE = Crm(
    kind="salesforce",
    label="Salesforce",
    connection="sf",
    audience="key-people",
    port=8440,
    ticket="Case",
    keys={"SF_CONSUMER_KEY": "consumer_key", "SF_CONSUMER_SECRET": "consumer_secret"},
    connection_yaml="""\
  sf:
    adapter: salesforce
    base_url: {url}
    domain: acme.my.salesforce.com
    consumer_key: ${{SF_CONSUMER_KEY}}
    consumer_secret: ${{SF_CONSUMER_SECRET}}
    contact_type_field: Contact_Type__c
    contact_inactive_field: Inactive__c
    company_inactive_field: "!Active__c"
    calendar: {{zone: Europe/Berlin, hours: "09:00-17:00", holidays: DE-BE}}
""",
    audience_yaml="""\
  key-people:
    from: sf
    contact_types: [Decision Maker, Owner]
    company_types: [Customer - Direct, Customer - Channel]
    marketing_groups: [NPS 2026]    # a campaign
    exclude: {company_types: [Former Customer]}
""",
    rule_yaml="""\
  - id: call-back-sf
    name: call Salesforce's detractors back
    when: {{band: detractor{on}}}
    then:
{record}      - open_ticket:
          record_type: NPS Follow-up
          priority: High
          owner: [account_manager, "member:bob"]
          due: 1 business day
""",
    opens=lambda records: {str(row["Id"]): "" for row in records["Case"]},
    recorded=lambda records: {str(row["Contact__c"]) for row in records["NPS_Response__c"]},
    opt_out=lambda contact: {"act": "opt_out", "id": contact},
)
ALL = (CONNECTWISE, HUBSPOT, SALESFORCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """A CRM of the story and the stand-in that plays it; what it tells is its own record, not ours."""

    crm: Crm
    server: Server

    @property
    def environ(self) -> dict[str, str]:
        return {name: str(getattr(self.server.login, key)) for name, key in self.crm.keys.items()}

    def served(self) -> set[str]:
        """The ids of the contacts that the stand-in has shown to anybody."""
        return {str(number) for number in self._asked("served")["contacts"]}

    def archived(self) -> set[str]:
        """Those whom the stand-in has shown, or may show, as archived: told of, but nobody's contacts any more."""
        return set(self._asked("truth").get("archived", ()))

    def calls(self) -> int:
        return int(self._asked("served")["calls"])

    def tickets(self) -> dict[str, str]:
        """The id of each ticket that is there, and its owner's name where the stand-in tells it."""
        return self.crm.opens(self._asked("records"))

    def recorded(self) -> set[str]:
        """The ids of the contacts on which an answer stands there."""
        return self.crm.recorded(self._asked("records"))

    def healthy(self) -> dict[str, str]:
        """Address → contact id of those nothing speaks against, by the stand-in's own truth."""
        people = self._asked("truth")["contacts"]
        return {row["email"]: number for number, row in people.items() if "healthy" in row["labels"] and row["email"]}

    def unsubscribe(self, contact_id: str) -> None:
        """Somebody asks there not to be written to any more."""
        done = self.crm.opt_out(contact_id)
        self._asked("technician" if "act" in done else "edit", done)

    def _asked(self, lever: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        given = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.server.url}/control/{lever}", given)  # noqa: S310 - our own server on this machine
        with urlopen(request, timeout=60) as answer:  # noqa: S310 - the same
            return cast("dict[str, Any]", json.load(answer))


def chosen(kinds: Sequence[str] | None) -> list[Crm]:
    """The CRMs of these kinds, in the story's order; without, all. Raises KeyError for an unknown kind."""
    known = {crm.kind: crm for crm in ALL}
    wanted = {known[kind].kind for kind in kinds or known}
    return [crm for crm in ALL if crm.kind in wanted]


def start(crms: Sequence[Crm], contacts: int, seed: int, ends: ExitStack, *, fixed: bool = True) -> list[StandIn]:
    """A stand-in of each, until `ends` closes; on the port the next commands are easy to type with, or any free one."""
    found = []
    for crm in crms:
        serve = import_module(f"connector.sandbox.{crm.kind}").serve
        try:
            server = serve(port=crm.port if fixed else 0, contacts=contacts, seed=seed)
        except OSError:
            server = serve(port=0, contacts=contacts, seed=seed)
        ends.callback(server.close)
        found.append(StandIn(crm=crm, server=server))
    return found


def configuration(standing: Sequence[StandIn]) -> str:
    """nps.yaml for these stand-ins."""
    several = len(standing) > 1
    lines = [HEAD]
    lines += [each.crm.connection_yaml.format(url=each.server.url) for each in standing]
    lines += ["audiences:\n", *(each.crm.audience_yaml for each in standing), TAIL]
    if several:
        lines.append(RECORD_RULE)
    for each in standing:
        on = f", connection: {each.crm.connection}" if several else ""
        lines.append(each.crm.rule_yaml.format(on=on, record="" if several else "      - record_response\n"))
    return "".join(lines)


HEAD = """\
# The folder of connector demo. It works with stand-ins on this machine, so it may be live.
mode: live                          # preview | rehearsal | live
connections:
"""
TAIL = """\
cleaning:
  role_addresses: keep_if_only      # keep | keep_if_only | report | exclude
  stale: {bounced: exclude, replaced: exclude, age: {over: 18 months, do: report}}
answers:
  folder: answers                   # every *.csv and *.jsonl in it is read, once
rules:
"""
RECORD_RULE = """\
  - id: record                      # no `when`: every answer, in the CRM it came from
    then: [record_response]
"""
