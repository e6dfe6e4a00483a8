"""Members of campaigns: which contacts are in a marketing group. Rows of leads are nobody's.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_campaignmember.htm
"""

from __future__ import annotations

from collections.abc import Iterable

from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.ranges import Query
from connector.adapters.salesforce.soql import record_id, soql
from connector.adapters.salesforce.wire_types import WireMember
from connector.errors import AuthError

CAMPAIGN = "701"
MEMBER = "CampaignMember"
FIELDS = ("Id", "CampaignId", "ContactId", "Status")


def members(org: Org, groups: Iterable[str]) -> Query[WireMember]:
    """The members of some campaigns (at most as many as `soql.pieces` gives), of the statuses that count.

    Raises AuthError where the user may not see them, or one of their fields: one that is hidden fails the query.
    """
    if (unseen := blind(org)) is not None:
        raise AuthError(unseen)
    ids = [record_id(group, CAMPAIGN) for group in groups]
    return Query(
        source=MEMBER,
        row=WireMember,
        fields=FIELDS,
        conditions=of(org, ids),
        by_bulk=False,
    )


def blind(org: Org) -> str | None:
    """What the user may not see of members, with the remedy; None where he sees all that is read."""
    described = org.described(MEMBER)
    if described is None:
        return f"the user may not see {MEMBER} records; give its permission set Read on Campaign and {MEMBER}"
    hidden = ", ".join(f"{MEMBER}.{name}" for name in described.hidden(FIELDS))
    if not hidden:
        return None
    return (
        f"cannot see {hidden}: members of campaigns cannot be read, nor who opted out of one; give the user's "
        "permission set Read on it (field-level security)"
    )


def count(org: Org, group: str) -> int:
    conditions = " AND ".join(of(org, [record_id(group, CAMPAIGN)]))
    return org.count(f"SELECT COUNT() FROM CampaignMember WHERE {conditions}")  # noqa: S608 - bound above


def of(org: Org, ids: list[str]) -> list[str]:
    """Whoever opted out is read whatever statuses count, so that his opt-out holds."""
    settings = org.settings
    wanted = [soql("CampaignId IN {ids}", ids=ids), "ContactId != null"]
    if not settings.member_statuses:
        return wanted
    statuses = list(dict.fromkeys([*settings.member_statuses, *settings.member_opt_out_statuses]))
    return [*wanted, soql("Status IN {statuses}", statuses=statuses)]
