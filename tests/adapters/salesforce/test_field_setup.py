"""Which fields are there; and that what is missing comes by the metadata of docs/salesforce, which is whole."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest

from connector.adapters.salesforce.campaigns import FIELDS
from connector.adapters.salesforce.case_body import _CHOICES
from connector.adapters.salesforce.responses import USUAL
from connector.adapters.salesforce.settings import SalesforceSettings
from connector.adapters.salesforce.tasks import WireTask
from connector.adapters.salesforce.watch import _FIELDS
from connector.adapters.salesforce.wire_types import WireAccount, WireContact
from connector.errors import RejectedError
from connector.ports import FieldSetup, NeededField
from connector.rules.actions import FieldCaptions

from .org import OrgWorld

ROOT = Path(__file__).parents[3] / "docs" / "salesforce"
NS = "{http://soap.sforce.com/2006/04/metadata}"


def setup(org: OrgWorld, **settings: str) -> FieldSetup:
    port = org.open(**settings).setup
    assert port is not None
    return port


def needed(caption: str, *, on: str = "contact", holds: str = "number") -> NeededField:
    return NeededField(on=on, caption=caption, holds=holds)


STATES = [
    (needed("nps score"), "double", "Contact.NPS_Score__c", ""),
    (needed("NPS_Date__c", holds="text"), "datetime", "Contact.NPS_Date__c", ""),
    (needed("NPS Status", on="company", holds="text"), "string", "Account.NPS_Status__c", ""),
    (needed("NPS Comment", holds="long text"), "textarea", "Contact.NPS_Comment__c", ""),
    (needed("NPS Status", on="company", holds="long text"), "string", "Account.NPS_Status__c", "holds 80 characters"),
    (needed("NPS Opt Out", holds="number"), "boolean", "Contact.NPS_Opt_Out__c", "of type boolean"),
    (needed("IsEmailBounced", holds="text"), "boolean", "Contact.IsEmailBounced", "may not write it"),
    (needed("Legacy_Code__c", on="response", holds="key"), "string", "NPS_Response__c.Legacy_Code__c", "must be"),
]


@pytest.mark.parametrize(("wanted", "kind", "place", "note"), STATES)
def test_a_field_that_is_there_is_told_with_its_type(
    org: OrgWorld, wanted: NeededField, kind: str, place: str, note: str
) -> None:
    [state] = setup(org).states([wanted])
    assert (state.exists, state.type, state.place) == (True, kind, place)
    assert note in state.note
    assert bool(note) == bool(state.note)
    assert setup(org).create(wanted) == state


def test_what_is_missing_says_how_to_get_it_and_is_never_created(org: OrgWorld) -> None:
    band, other = needed("NPS Band", holds="text"), needed("Mood", on="company", holds="text")
    [shipped, by_hand] = setup(org).states([band, other])
    assert not shipped.exists
    assert "sf project deploy start --metadata-dir docs/salesforce" in shipped.why_not
    assert "Object Manager > Account" in by_hand.why_not
    with pytest.raises(RejectedError, match="docs/salesforce"):
        setup(org).create(band)
    assert not any(call.writes for wire in org.wires for call, _ in wire.exchanges)


def test_the_fields_for_our_keys_are_needed_and_told(org: OrgWorld) -> None:
    port = setup(org)
    assert all(state.exists and not state.note for state in port.states(port.needs()))
    org.permit(hide=["Case.NPS_Key__c", "NPS_Response__c"], readonly=["Task.NPS_Key__c"])
    states = {state.needed.on: state for state in setup(org).states(port.needs())}
    assert "permission set NPS Connector" in states["ticket"].why_not
    assert "may not write it" in states["task"].note
    assert "sees no NPS_Response__c" in states["response"].why_not
    assert "response" not in {each.on for each in setup(org, response_object="").needs()}


def test_an_answers_contact_and_score_are_needed_under_whatever_name(org: OrgWorld) -> None:
    port = setup(org)
    places = {state.needed.caption: state.place for state in port.states(port.needs()) if state.needed.on == "response"}
    assert places["Contact"] == "NPS_Response__c.Contact__c"
    assert places["NPS Score"] == "NPS_Response__c.Score__c"
    org.permit(hide=["NPS_Response__c.Contact__c", "NPS_Response__c.Score__c"])
    states = {state.needed.caption: state for state in setup(org).states(port.needs()) if state.needed.on == "response"}
    assert not states["Contact"].exists
    assert "permission set NPS Connector" in states["NPS Score"].why_not
    assert "response_fields" in states["NPS Score"].needed.why


# ---------------------------------------------------------------- the metadata
def deployed() -> dict[str, ET.Element]:
    """Every field of the files, by Object.Field."""
    found = {}
    for path in (ROOT / "objects").glob("*.object"):
        for field in ET.parse(path).getroot().findall(f"{NS}fields"):
            found[f"{path.stem}.{field.findtext(f'{NS}fullName')}"] = field
    return found


def members(kind: str) -> set[str]:
    root = ET.parse(ROOT / "package.xml").getroot()
    types = [each for each in root.findall(f"{NS}types") if each.findtext(f"{NS}name") == kind]
    return {str(member.text) for each in types for member in each.findall(f"{NS}members")}


def test_the_package_names_exactly_what_the_files_hold() -> None:
    own = {name for name in deployed() if not name.startswith("NPS_Response__c.")}
    assert members("CustomField") == own
    assert members("CustomObject") == {"NPS_Response__c"}
    assert members("PermissionSet") == {path.stem for path in (ROOT / "permissionsets").glob("*.permissionset")}


def test_the_metadata_has_every_field_that_the_adapter_expects_unasked() -> None:
    fields, settings = deployed(), SalesforceSettings.model_fields
    for name in ("Case", "Activity", "CampaignMember"):
        assert f"{name}.{settings['key_field'].default}" in fields
    answers = settings["response_object"].default
    assert {f"{answers}.{name}" for name in (*USUAL.values(), settings["response_key"].default)} <= set(fields)
    labels = {field.findtext(f"{NS}label") for name, field in fields.items() if name.startswith("Contact.")}
    assert labels == {caption for _, caption in FieldCaptions()}


def test_our_keys_are_unique_external_ids_long_enough() -> None:
    keys = [field for name, field in deployed().items() if name.endswith("_Key__c")]
    assert len(keys) == 4
    for field in keys:
        told = {part: field.findtext(f"{NS}{part}") for part in ("type", "unique", "externalId", "length", "required")}
        assert told == {"type": "Text", "unique": "true", "externalId": "true", "length": "40", "required": "false"}


ALWAYS_SEEN = {
    "Id", "FirstName", "LastName", "Name", "OwnerId", "RecordTypeId", "CreatedDate", "CreatedById", "LastModifiedDate",
    "LastModifiedById", "SystemModstamp", "IsDeleted", "MasterRecordId",
}  # fmt: skip


def test_the_standard_fields_whose_rights_are_needed_stand_in_the_docs() -> None:
    page = (ROOT.parent / "salesforce.md").read_text()
    rows = {line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("|") and "`" in line}
    read = {
        "Contact": [*map(_wire, msgspec.structs.fields(WireContact)), "HasOptedOutOfEmail"],
        "Account": [*map(_wire, msgspec.structs.fields(WireAccount)), "Type"],
        "Campaign Member": FIELDS,
        "Case": [*_FIELDS, *dict(_CHOICES), "Subject", "Description", "Comments", "ContactId"],
        "Task": [*map(_wire, msgspec.structs.fields(WireTask)), "Subject", "ActivityDate", "Status", "Type"],
    }
    for name, fields in read.items():
        missing = [each for each in fields if each not in ALWAYS_SEEN | {"Key"} and f"`{each}`" not in rows[name]]
        assert missing == [], name


def _wire(field: msgspec.structs.FieldInfo) -> str:
    return field.encode_name


def test_the_permission_set_gives_every_field_and_nothing_else() -> None:
    root = ET.parse(ROOT / "permissionsets" / "NPS_Connector.permissionset").getroot()
    given = {
        str(each.findtext(f"{NS}field")) for each in root.findall(f"{NS}fieldPermissions")
        if (each.findtext(f"{NS}editable"), each.findtext(f"{NS}readable")) == ("true", "true")
    }  # fmt: skip
    # Activity has no rights of its own: its fields' are written for tasks and for events.
    fields = {name for name in deployed() if not name.startswith("Activity.")}
    fields |= {f"{of}.NPS_Key__c" for of in ("Task", "Event")}
    assert given == fields
    assert [each.findtext(f"{NS}object") for each in root.findall(f"{NS}objectPermissions")] == ["NPS_Response__c"]
    assert [each.findtext(f"{NS}modifyAllRecords") for each in root.findall(f"{NS}objectPermissions")] == ["false"]
