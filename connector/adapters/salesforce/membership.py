"""Members of campaigns. Our key stands in the member, where the org has a field for it, so that whom we added is told
from whom we found.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_campaignmember.htm:
campaign and contact can be set only when it is made; the statuses are each campaign's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.collections import Collections, Row
from connector.adapters.salesforce.keyed import WireKeyed, carrying, key_field
from connector.adapters.salesforce.soql import is_id, long_id, named, pieces, record_id, soql
from connector.adapters.salesforce.wire_types import Named
from connector.domain import AddToGroup, Receipt, WriteBack
from connector.errors import ConnectorError, RejectedError
from connector.ports import Outcome

MEMBER = "CampaignMember"
Before = str | int | float | bool | None
Asked = tuple[WriteBack, AddToGroup]


class WireCampaignMember(WireKeyed, rename="pascal", gc=False):
    campaign_id: str = ""
    contact_id: str | None = None
    status: str | None = None
    has_responded: bool | None = None


class WireMemberStatus(msgspec.Struct, rename="pascal", gc=False):
    label: str | None = None
    has_responded: bool | None = None


Pair = tuple[str, str]
"""A campaign and a contact."""


class Membership:
    def __init__(self, org: Org, collections: Collections) -> None:
        self._org, self._collections = org, collections
        self._campaigns: dict[str, str] = {}
        self._statuses: dict[str, WireMemberStatus] = {}

    def find(self, asked: Sequence[Asked]) -> dict[str, Receipt | ConnectorError]:
        """The contacts' rows by key, where they stand as they should; a RejectedError without a campaign."""
        pairs, refused = self._pairs(asked)
        rows = self._rows(list(pairs.values()))
        found: dict[str, Receipt | ConnectorError] = dict(refused)
        for key, pair in pairs.items():
            row = rows.get(pair)
            if row is not None and not self._to_respond(row):
                found[key] = self._receipt(key, pair, there=True, before={"member": row.key != key})
        return found

    def apply(self, asked: Sequence[Asked]) -> Iterator[Outcome]:
        """Look for all, add those who are in no row. Who is in the campaign stays as he is, unless `campaign_status`
        says that he responded, and he had not: then the row says so."""
        pairs, refused = self._pairs(asked)
        for key, error in refused.items():
            yield Outcome(key=key, result=error)
        rows = self._rows(list(pairs.values()))
        new: list[Row] = []
        changed: list[Row] = []
        later: list[Asked] = []
        begun: set[Pair] = set()
        for write_back, change in asked:
            key = write_back.key
            if key not in pairs:
                continue
            pair = pairs[key]
            row = rows.get(pair)
            if row is not None and not self._to_respond(row):
                there = self._receipt(key, pair, there=True, before={"member": row.key != key})
                yield Outcome(key=key, result=there)
            elif pair in begun:
                later.append((write_back, change))  # asked twice at once: the second finds the first
            elif row is not None:
                status = {"Status": self._status(pair[0]).label}
                changed.append(Row(key=key, object=MEMBER, values=status, record_id=row.id, near=pair[0]))
            else:
                new.append(Row(key=key, object=MEMBER, values=self._values(key, pair), near=pair[0]))
            begun.add(pair)
        yield from self._collections.made(
            new,
            lambda row, _: self._receipt(row.key, pairs[row.key], there=False, before={"member": False}),
            lambda keys: self.find([each for each in asked if each[0].key in keys]),
        )
        for results in self._collections.update(changed):
            for sent, result in results:
                former: dict[str, Before] = {"member": True, "status": rows[pairs[sent.key]].status}
                told = self._receipt(sent.key, pairs[sent.key], there=False, before=former)
                yield Outcome(key=sent.key, result=told if isinstance(result, str) else result)
        if later:
            yield from self.apply(later)

    # ------------------------------------------------------------ looking
    def _pairs(self, asked: Sequence[Asked]) -> tuple[dict[str, Pair], dict[str, RejectedError]]:
        """By key the campaign and the contact; or why there is no such campaign, or no such status of it."""
        pairs: dict[str, Pair] = {}
        refused: dict[str, RejectedError] = {}
        for write_back, change in asked:
            try:
                campaign = self.campaign(change.group)
                self._status(campaign)
                pairs[write_back.key] = campaign, record_id(change.contact_id, "003")
            except RejectedError as error:
                refused[write_back.key] = error
        return pairs, refused

    def _rows(self, pairs: Sequence[Pair]) -> dict[Pair, WireCampaignMember]:
        found: dict[Pair, WireCampaignMember] = {}
        for campaign in dict.fromkeys(each for each, _ in pairs):
            contacts = [contact for each, contact in pairs if each == campaign]
            found |= {(row.campaign_id, row.contact_id or ""): row for row in self.rows(campaign, contacts)}
        return found

    def _to_respond(self, row: WireCampaignMember) -> bool:
        """Whether a member who has not responded is to be one who has; who opted out stays so."""
        wanted = self._status(row.campaign_id)
        opted_out = {status.casefold() for status in self._org.settings.member_opt_out_statuses}
        left = (row.status or "").casefold() in opted_out
        return bool(wanted.has_responded) and not row.has_responded and not left and row.status != wanted.label

    def rows(self, campaign: str, contacts: Sequence[str]) -> Iterator[WireCampaignMember]:
        """The rows of these contacts, with our key where the org has a field for it."""
        key = key_field(self._org, MEMBER)
        row = carrying(WireCampaignMember, (("key", key.name),)) if key else WireCampaignMember
        fields = ["Id", "CampaignId", "ContactId", "Status", "HasResponded", *([key.name] if key else ())]
        for some in pieces(contacts):
            text = (
                f"SELECT {', '.join(map(named, fields))} FROM CampaignMember "  # noqa: S608 - names only
                "WHERE CampaignId = {campaign} AND ContactId IN {contacts}"
            )
            yield from self._org.rows(soql(text, campaign=campaign, contacts=some), row)

    def campaign(self, name: str) -> str:
        """The id of the campaign of that name, or with that id; raises RejectedError."""
        if name not in self._campaigns:
            by_id = is_id(name, "701")
            query = soql("SELECT Id, Name FROM Campaign WHERE " + ("Id" if by_id else "Name") + " = {name}", name=name)  # noqa: S608
            rows = [
                row
                for row in self._org.rows(query, Named)
                if row.id == long_id(name) or (row.name or "").strip().casefold() == name.strip().casefold()
            ]
            if len(rows) != 1:
                how = f"{len(rows)} campaigns are" if rows else "no campaign is"
                raise RejectedError(f"{how} called {name[:80]!r}; connector show lists them", code="UnknownName")
            self._campaigns[name] = rows[0].id
        return self._campaigns[name]

    # ------------------------------------------------------------ making
    def _values(self, key: str, pair: Pair) -> dict[str, Any]:
        values: dict[str, Any] = {"CampaignId": pair[0], "ContactId": pair[1]}
        if status := self._status(pair[0]).label:
            values["Status"] = status
        of_key = key_field(self._org, MEMBER)
        return {**values, of_key.name: key} if of_key is not None else values

    def _status(self, campaign: str) -> WireMemberStatus:
        """`campaign_status` as the campaign spells it, for an unknown one would be taken without a word; one without a
        label where none is configured. Raises RejectedError."""
        written = self._org.settings.campaign_status
        if not written:
            return WireMemberStatus()
        if campaign not in self._statuses:
            text = "SELECT Label, HasResponded FROM CampaignMemberStatus WHERE CampaignId = {campaign}"
            statuses = list(self._org.rows(soql(text, campaign=campaign), WireMemberStatus))
            same = [each for each in statuses if (each.label or "").casefold() == written.strip().casefold()]
            if not same:
                there = ", ".join(each.label or "" for each in statuses[:12])
                raise RejectedError(
                    f"campaign {campaign} has no member status {written[:60]!r}; there are: {there}", code="UnknownName"
                )
            self._statuses[campaign] = same[0]
        return self._statuses[campaign]

    def _receipt(self, key: str, pair: Pair, *, there: bool, before: dict[str, Before]) -> Receipt:
        """`before`: whether the contact was in the campaign before us, and as what, if that was changed."""
        campaign, contact = pair
        link = self._org.settings.link(contact)
        return Receipt(key=key, record_id=campaign, record_type="group", link=link, already_there=there, before=before)
