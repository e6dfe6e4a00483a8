"""What an admin is told before the first case is opened."""

from __future__ import annotations

from typing import Any

import pytest

from .org import OrgWorld

NOBODY = "belongs to the connector's own user"
CAUTIONS: list[tuple[dict[str, list[str]], dict[str, Any], str, list[str]]] = [
    ({}, {}, "", []),
    ({}, {}, "Working", []),
    ({}, {}, "closed", ["counts as closed at once"]),
    ({}, {"auto_assign": True}, "", ["auto_assign is on"]),
    ({"hide": ["Case.NPS_Key__c"]}, {}, "", ["so no case is opened"]),
    ({"readonly": ["Case.NPS_Key__c"]}, {}, "", ["so no case is opened"]),
    ({"hide": ["Case.Comments"]}, {}, "", ["go into the description"]),
    ({"hide": ["Case"]}, {}, "Closed", ["sees no cases"]),
    ({"hide": ["CaseStatus"]}, {}, "Closed", ["counts as closed at once"]),
]


@pytest.mark.parametrize(("permit", "settings", "status", "says"), CAUTIONS)
def test_an_org_that_would_show_or_refuse_cases_is_cautioned_about(
    org: OrgWorld, permit: dict[str, list[str]], settings: dict[str, Any], status: str, says: list[str]
) -> None:
    org.permit(**permit)
    port = org.open(**settings).cautions
    assert port is not None
    told = port.cautions("NPS Follow-up", status, "Customer Success")
    assert len(told) == len(says)
    assert all(part in caution for part, caution in zip(says, told, strict=True))


def test_a_case_that_would_be_nobodys_is_cautioned_about_where_no_queue_is_named(org: OrgWorld) -> None:
    port = org.open().cautions
    assert port is not None
    [told] = port.cautions("NPS Follow-up", "", "")
    assert NOBODY in told
    assert "name a queue" in told
    assert port.cautions("NPS Follow-up", "", "Customer Success") == []
    assigned = org.open(auto_assign=True).cautions
    assert assigned is not None
    assert not any(NOBODY in caution for caution in assigned.cautions("NPS Follow-up", "", ""))
