from __future__ import annotations

from msgspec.structs import replace

from connector.domain import Membership
from connector.sync.groups import expand

from .builders import ACME, ANN

DEFAULT = replace(ACME, default_contact_id="1")


def row(group: str, **more: object) -> Membership:
    return Membership(connection="psa", group_id=group, **more)  # type: ignore[arg-type]


def test_a_contact_is_in_groups_by_itself_and_through_its_company() -> None:
    groups = expand(
        [
            row("20", contact_id="1"),
            row("21", company_id="100", all_contacts=True),
            row("22", company_id="100", default_contact=True),
            row("23", company_id="100"),
            row("24", company_id="999", all_contacts=True),
        ]
    )
    assert groups.groups_of(ANN, DEFAULT) == {"20", "21", "22"}
    assert groups.groups_of(ANN, ACME) == {"20", "21"}
    assert groups.groups_of(replace(ANN, id="2"), DEFAULT) == {"21"}
    assert groups.groups_of(replace(ANN, id="2", company_id=None), None) == set()
    assert groups.groups_of(ANN, None) == {"20", "21"}


def test_an_opted_out_row_is_a_membership_and_an_opt_out() -> None:
    groups = expand([row("20", contact_id="1", opted_out=True), row("20", company_id="100", all_contacts=True)])
    assert groups.groups_of(ANN, ACME) == {"20"}
    assert groups.opt_outs_of(ANN, ACME) == {"20"}
    assert groups.opt_outs_of(replace(ANN, id="2"), ACME) == set()


def test_a_company_opts_out_for_all_unless_the_row_is_its_default_contacts() -> None:
    groups = expand(
        [
            row("20", company_id="100", opted_out=True),
            row("21", company_id="100", default_contact=True, opted_out=True),
            row("22", company_id="100", all_contacts=True, opted_out=None),
        ]
    )
    assert groups.opt_outs_of(ANN, DEFAULT) == {"20", "21"}
    assert groups.opt_outs_of(replace(ANN, id="2"), DEFAULT) == {"20"}
