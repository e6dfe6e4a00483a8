"""Fields that rules write to and that our keys stand in, as they are in the org; an admin deploys what is missing.

Fields cannot be made through the REST API's records; the Metadata API wants rights that this connector should not have.
https://developer.salesforce.com/docs/atlas.en-us.api_meta.meta/api_meta/customfield.htm
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.described import Described
from connector.adapters.salesforce.responses import response_field
from connector.adapters.salesforce.wire_types import WireField
from connector.errors import RejectedError
from connector.ports import FieldState, NeededField

_NUMBERS = {"double", "int", "long", "currency", "percent"}
_TEXTS = {"string", "textarea"}
# What will do for each, and what to create where there is none.
_HOLDS = {
    "number": (_NUMBERS | _TEXTS, "Number(2, 0)"),
    "text": (_TEXTS | {"picklist", "datetime"}, "Text(255)"),
    "long text": (_TEXTS, "Text Area (Long)"),
    "key": ({"string"}, "Text(40), Unique, External ID"),
    "contact": ({"reference"} | _TEXTS, "Lookup(Contact)"),
}
_SHIPPED = frozenset({"nps score", "nps band", "nps date", "nps comment"})  # docs/salesforce/objects/Contact.object
_COMMENT, _KEY = 500, 40
_OF_ANSWERS = "the connector: in the record of an answer (response_fields names another field),"
_DEPLOY = "deploy docs/salesforce (sf project deploy start --metadata-dir docs/salesforce)"


class SalesforceFields:
    def __init__(self, org: Org) -> None:
        self._org = org
        self._objects = {
            "contact": "Contact",
            "company": "Account",
            "ticket": "Case",
            "task": "Task",
            "campaign member": "CampaignMember",
            "response": org.settings.response_object,
        }

    def needs(self) -> list[NeededField]:
        """Fields for our keys. Without the first no case is opened; without the others keys stand in texts, whose
        records are read to find them, or an answer becomes a note."""
        settings = self._org.settings
        whys = {
            "ticket": "the connector: finds its cases again, so that none is opened twice",
            "task": "the connector: finds its tasks and notes by one question, not by reading those of the account",
            "campaign member": "the connector: tells whom it added, so that an undo takes out nobody else",
        }
        found = [NeededField(on=on, caption=settings.key_field, holds="key", why=why) for on, why in whys.items()]
        if settings.response_object:
            why = "the connector: each answer is a record of its own; without it, a note on the contact"
            found.append(NeededField(on="response", caption=settings.response_key, holds="key", why=why))
            found += [
                NeededField(on="response", caption="Contact", holds="contact", why=f"{_OF_ANSWERS} whose answer it is"),
                NeededField(on="response", caption="NPS Score", holds="number", why=f"{_OF_ANSWERS} what was answered"),
            ]
        return found

    def states(self, needed: Sequence[NeededField]) -> list[FieldState]:
        self._org.describe(*dict.fromkeys(name for each in needed if (name := self._objects.get(each.on))))
        return [self._state(each) for each in needed]

    def create(self, needed: NeededField) -> FieldState:
        """Never creates: as it stands, or RejectedError with the way to deploy it."""
        [state] = self.states([needed])
        if not state.exists:
            raise RejectedError(f'field "{needed.caption}": {state.why_not}', code="CannotCreate")
        return state

    def _state(self, needed: NeededField) -> FieldState:
        source = self._objects.get(needed.on, "")
        described = self._org.described(source) if source else None
        if described is None:
            shipped = f"; {_DEPLOY}" if needed.on == "response" else ""
            why = f"the connector's user sees no {source or needed.on}: give it the right to read and edit it{shipped}"
            return FieldState(needed=needed, exists=False, place=source, why_not=why)
        field = described.fields.get(needed.caption.casefold()) if needed.holds == "key" else None
        if needed.on == "response":
            field = field or response_field(described, self._org.settings, needed.caption)
        else:
            field = field or described.find(needed.caption)
        if field is None:
            return FieldState(needed=needed, exists=False, place=source, why_not=_why_not(needed, source, described))
        place = f"{source}.{field.name}"
        return FieldState(needed=needed, exists=True, type=field.type, place=place, note=_note(needed, field))


def _why_not(needed: NeededField, source: str, described: Described) -> str:
    """What is not there, or not for this user: the org does not tell the two apart."""
    caption = needed.caption.strip().casefold()
    same = [field.name for field in described.wire.fields if (field.label or "").strip().casefold() == caption]
    if len(same) > 1:
        return f"{len(same)} fields of {source} have that label ({', '.join(same)}); write the API name in the rule"
    hidden = "if it is there, the connector's user may not see it: give it the permission set NPS Connector"
    if needed.holds == "key" or needed.on == "response" or (needed.on == "contact" and caption in _SHIPPED):
        return f"{_DEPLOY}; {hidden}"
    return (
        f"create it by hand: Setup > Object Manager > {source} > Fields & Relationships > New, "
        f"{_HOLDS[needed.holds][1]}, label {needed.caption}; {hidden}"
    )


def _note(needed: NeededField, field: WireField) -> str:
    if not field.updateable or field.calculated:
        return "the connector's user may not write it: give it edit rights on the field (permission set NPS Connector)"
    if needed.holds == "key":
        fit = field.external_id and field.unique and field.length >= _KEY
        return (
            "" if fit else f"must be an External ID, Unique, of {_KEY} characters: else nothing keeps out a second one"
        )
    if field.type == "date":
        return "a date keeps the day only, so answers of one day are not told apart by their hour"
    if field.type not in _HOLDS[needed.holds][0]:
        return f"of type {field.type}, which cannot hold every {needed.holds}"
    if needed.holds == "long text" and field.length < _COMMENT:
        return f"holds {field.length} characters; longer comments are cut"
    return ""
