"""What the tenant has from the beginning: its users, queues, record types, campaigns and their statuses."""

from __future__ import annotations

from .catalogue import CLOSED, PICKLISTS
from .moments import ANCHOR, written
from .shapes import IDS
from .state import Row

_LONG_AGO = written(ANCHOR - 900 * 86400)
_STAMPS = {"CreatedDate": _LONG_AGO, "LastModifiedDate": _LONG_AGO, "SystemModstamp": _LONG_AGO}

INTEGRATION, ALICE, BOB, CAROL, GONE, ROBOT = range(6)
_USERS = (
    ("Nps", "Integration", "npsint", True, "Standard"),
    ("Alice", "Manager", "alice", True, "Standard"),
    ("Bob", "Account", "bob", True, "Standard"),
    ("Carol", "Sales", "carol", True, "Standard"),
    ("Dora", "Gone", "dora", False, "Standard"),
    ("Automated", "Process", "autoproc", True, "AutomatedProcess"),
)
QUEUES = (
    ("Customer Success", "Customer_Success", ("Case",)),
    ("Unassigned Cases", "Unassigned_Cases", ("Case",)),
    ("Lead Queue", "Lead_Queue", ("Lead",)),
)
SUCCESS_QUEUE, UNASSIGNED_QUEUE = 0, 1
RECORD_TYPES = (
    ("Business Contact", "Business_Contact", "Contact", True),
    ("Partner Contact", "Partner_Contact", "Contact", True),
    ("Support", "Support", "Case", True),
    ("NPS Follow-up", "NPS_Follow_Up", "Case", True),
    ("Retired", "Retired", "Case", False),
)
BUSINESS_CONTACT, PARTNER_CONTACT, SUPPORT = 0, 1, 2
DEFAULT_RECORD_TYPES = {"Contact": BUSINESS_CONTACT, "Case": SUPPORT}

# (name, type, status, active, statuses as (label, has responded, is default))
CAMPAIGNS = (
    (
        "NPS 2026",
        "Survey",
        "In Progress",
        True,
        (("Sent", False, True), ("Responded", True, False), ("Opted Out", False, False)),
    ),
    ("Newsletter", "Email", "In Progress", True, (("Subscribed", False, True), ("Unsubscribed", True, False))),
    ("Autumn Webinar", "Webinar", "Completed", False, (("Registered", False, True), ("Attended", True, False))),
)


def user_id(place: int) -> str:
    return IDS["User"].of(place)


def queue_id(place: int) -> str:
    return IDS["Group"].of(place)


def record_type_id(place: int) -> str:
    return IDS["RecordType"].of(place)


def campaign_id(place: int) -> str:
    return IDS["Campaign"].of(place)


def _statuses(name: str) -> list[Row]:
    """The table behind a status field: which of its values mean that the work is done."""
    return [
        {
            "MasterLabel": value,
            "ApiName": value,
            "IsDefault": order == 1,
            "IsClosed": value in CLOSED[name],
            "SortOrder": order,
            "SystemModstamp": _LONG_AGO,
        }
        for order, value in enumerate(PICKLISTS[name], start=1)
    ]


ORGANIZATION_ID = IDS["Organization"].of(0)


def rows() -> dict[str, list[Row]]:
    """Return the rows of the small tables, without their ids."""
    by_alice = {"CreatedById": user_id(ALICE), "LastModifiedById": user_id(ALICE)}
    return {
        "Organization": [
            {
                "Name": "Example MSP",
                "OrganizationType": "Enterprise Edition",
                "InstanceName": "XX1",
                "IsSandbox": False,
                "TimeZoneSidKey": "Europe/Berlin",
                "DefaultLocaleSidKey": "en_US",
                "CreatedDate": _LONG_AGO,
                "SystemModstamp": _LONG_AGO,
            }
        ],
        "User": [
            {
                "Username": f"{alias}@example.com.sandbox",
                "FirstName": first,
                "LastName": last,
                "Name": f"{first} {last}",
                "Alias": alias,
                "Email": f"{alias}@example.com",
                "IsActive": active,
                "UserType": kind,
                "TimeZoneSidKey": "Europe/Berlin",
                **_STAMPS,
            }
            for first, last, alias, active, kind in _USERS
        ],
        "Group": [
            {"Name": name, "DeveloperName": developer, "Type": "Queue", "Email": None, **_STAMPS}
            for name, developer, _ in QUEUES
        ]
        + [{"Name": "Everyone", "DeveloperName": "Everyone", "Type": "Regular", "Email": None, **_STAMPS}],
        "QueueSobject": [
            {"QueueId": queue_id(place), "SobjectType": kind}
            for place, (_, _, kinds) in enumerate(QUEUES)
            for kind in kinds
        ],
        "RecordType": [
            {"Name": n, "DeveloperName": d, "Description": None, "SobjectType": kind, "IsActive": active, **_STAMPS}
            for n, d, kind, active in RECORD_TYPES
        ],
        **{name: _statuses(name) for name in CLOSED},
        "Campaign": [
            {
                "Name": name,
                "Type": kind,
                "Status": status,
                "IsActive": active,
                "IsDeleted": False,
                "OwnerId": user_id(ALICE),
                "NumberOfContacts": 0,
                **_STAMPS,
                **by_alice,
            }
            for name, kind, status, active, _ in CAMPAIGNS
        ],
        "CampaignMemberStatus": [
            {
                "CampaignId": campaign_id(place),
                "Label": label,
                "SortOrder": order,
                "IsDefault": default,
                "HasResponded": responded,
                "IsDeleted": False,
                **_STAMPS,
                **by_alice,
            }
            for place, (*_, statuses) in enumerate(CAMPAIGNS)
            for order, (label, responded, default) in enumerate(statuses, start=1)
        ],
        "Lead": [
            {
                "FirstName": "Lena",
                "LastName": f"Lead{n}",
                "Name": f"Lena Lead{n}",
                "Company": "Not Yet Ltd",
                "Email": f"lena.lead{n}@example.org",
                "IsDeleted": False,
                **_STAMPS,
                **by_alice,
            }
            for n in range(3)
        ],
    }
