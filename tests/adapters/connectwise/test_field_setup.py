"""Custom fields that rules need: which are there, and creating the others."""

from __future__ import annotations

from typing import Any

import pytest

from connector.errors import AuthError, RejectedError
from connector.ports import FieldSetup, NeededField

from .psa import PsaWorld

WAVE = NeededField(on="contact", caption="NPS Wave", holds="text")


def fields(psa: PsaWorld, **settings: Any) -> FieldSetup:
    port = psa.open(**settings).setup
    assert port is not None
    return port


def definitions(psa: PsaWorld) -> list[dict[str, Any]]:
    table = psa._server.world.tables["user_defined_fields"]
    return [table.row(0, number) or {} for number in table.ids(0)]


@pytest.mark.parametrize(
    ("on", "caption", "holds", "type", "note"),
    [
        ("contact", "nps score ", "number", "Number", ""),
        ("contact", "NPS Comment", "long text", "TextArea", ""),
        ("contact", "NPS Comment", "text", "TextArea", ""),
        ("contact", "Shoe size", "text", "Number", "of type Number, which cannot hold every text"),
        ("company", "NPS Status", "text", "Text", ""),
    ],
)
def test_a_field_that_is_there_is_told_with_its_type(
    any_psa: PsaWorld, on: str, caption: str, holds: str, type: str, note: str
) -> None:
    [state] = fields(any_psa).states([NeededField(on=on, caption=caption, holds=holds)])
    assert (state.exists, state.type, state.note, state.why_not) == (True, type, note, "")


def test_a_date_is_told_to_forget_the_hour(psa: PsaWorld) -> None:
    psa.edit("/system/userDefinedFields/42", fieldTypeIdentifier="Date")
    [state] = fields(psa).states([NeededField(on="contact", caption="NPS Date", holds="text")])
    assert "keeps the day only" in state.note


def test_a_field_of_the_other_kind_of_record_does_not_count(psa: PsaWorld) -> None:
    [state] = fields(psa).states([NeededField(on="company", caption="NPS Score", holds="number")])
    assert (state.exists, state.why_not) == (False, "")


@pytest.mark.parametrize("on", ["contact", "company"])
def test_a_missing_field_is_created_once_beside_those_that_are_there(psa: PsaWorld, on: str) -> None:
    wanted = NeededField(on=on, caption="NPS Wave", holds="number")
    for _ in range(2):
        state = fields(psa).create(wanted)
        assert (state.exists, state.type) == (True, "Number")
    [made] = [row for row in definitions(psa) if row["caption"] == "NPS Wave"]
    [old] = [row for row in definitions(psa) if row["caption"] == ("NPS Band" if on == "contact" else "NPS Status")]
    assert (made["podId"], made["screenId"]) == (old["podId"], old["screenId"])
    assert made["sequenceNumber"] > old["sequenceNumber"]
    source = psa.open().source
    assert source is not None
    shown = source.catalogue("custom_fields" if on == "contact" else "company_fields")
    assert "NPS Wave" in [name for _, name in shown]


def test_an_answer_that_was_lost_creates_no_second_field(psa: PsaWorld) -> None:
    psa.fault("drop_after_write", method="POST")
    assert fields(psa).create(WAVE).exists
    assert len([row for row in definitions(psa) if row["caption"] == "NPS Wave"]) == 1


def test_a_key_without_the_right_is_told_what_to_do_by_hand() -> None:
    with PsaWorld({"custom_field_creation": "refused"}) as psa:
        [state] = fields(psa).states([WAVE])
        assert state.why_not == "", "the API does not say beforehand"
        with pytest.raises(RejectedError, match=r"role may not create.*create it by hand: System > Setup Tables"):
            fields(psa).create(WAVE)


def test_wrong_keys_stay_wrong_keys(psa: PsaWorld) -> None:
    with pytest.raises(AuthError):
        fields(psa, private_key="wrong").create(WAVE)


def test_a_caption_that_is_too_long_is_told_before_it_is_tried(psa: PsaWorld) -> None:
    long = NeededField(on="contact", caption="x" * 26, holds="text")
    [state] = fields(psa).states([long])
    assert "at most 25 characters" in state.why_not
    with pytest.raises(RejectedError, match="at most 25"):
        fields(psa).create(long)


def test_companies_without_any_field_say_where_to_go(psa: PsaWorld) -> None:
    for number in (51, 52):
        psa.control("POST", "edit", {"path": f"/system/userDefinedFields/{number}", "delete": True})
    [state] = fields(psa).states([NeededField(on="company", caption="NPS Status", holds="text")])
    assert "companies have no custom field yet" in state.why_not
    assert "by hand" in state.why_not


def test_fields_that_may_not_be_read_are_told_by_what_contacts_carry(psa: PsaWorld) -> None:
    psa.fault("auth_lost", path="userDefinedFields", times=None)
    there, missing = fields(psa).states([NeededField(on="contact", caption="NPS Score", holds="number"), WAVE])
    assert there.exists
    assert "may not see the set-up of custom fields" in missing.why_not
