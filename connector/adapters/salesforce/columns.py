"""Which fields of contacts and accounts are read, and their row: what the settings name and the user may see.

Fields that the settings name are added to a typed row made for them, so that what they hold is decoded as the rest is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec

from connector.adapters.salesforce.described import MASTER, Described
from connector.adapters.salesforce.settings import SalesforceSettings
from connector.adapters.salesforce.wire_types import WireAccount, WireContact
from connector.domain import Facet
from connector.errors import AuthError

R = TypeVar("R", bound=msgspec.Struct)
RECORD_TYPE = "RecordTypeId"
_ALWAYS = ("Id", "SystemModstamp")
_ONLY_DELETED = ("IsDeleted", "MasterRecordId")
_CHECKBOX = frozenset({"boolean"})
_YES_OR_NO = _CHECKBOX | {"picklist", "string"}
_CHECKED, _EMPTY_BOX = ("true", "yes", "1"), ("false", "no", "0")
# What only people read: nothing is decided by it, so its absence is not told.
_NICE = ("Title", "Phone", "MobilePhone", "AccountNumber")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns(Generic[R]):
    """How rows of one object are read. `hidden` are fields that were wanted and are not there for this user."""

    source: str
    row: type[R]
    fields: tuple[str, ...]  # as they stand in a query, in the order of the row's own fields
    hidden: tuple[str, ...]
    kind: Callable[[Any], tuple[str, ...]]
    inactive: Callable[[Any], bool]
    opted_out: Callable[[Any], bool | None]
    others: Callable[[Any], tuple[str, ...]]

    def selected(self, *, deleted: bool) -> tuple[str, ...]:
        """The fields of a query; what tells of deletion and merging only where such rows can come."""
        return tuple(name for name in self.fields if deleted or name not in _ONLY_DELETED)

    @property
    def flags(self) -> frozenset[str]:
        """The fields that are true or false."""
        types = {each.encode_name: each.type for each in _fields(self.row)}
        return frozenset(name for name in self.fields if "bool" in str(types[name]))


def contact_columns(settings: SalesforceSettings, described: Described) -> Columns[WireContact]:
    made = _Made(WireContact, described)
    kind = made.attribute(settings.contact_type_field)
    outs = [made.attribute(name, bool) for name in settings.opt_out_fields]
    others = [made.attribute(name, str) for name in settings.other_email_fields]
    inactive = made.attribute(settings.contact_inactive_field.removeprefix("!"))
    return made.columns(
        "Contact",
        kind=_kind(kind, _type_of(described, settings.contact_type_field)),
        inactive=_flag(inactive, negated=settings.contact_inactive_field.startswith("!")),
        opted_out=_consent(outs),
        others=_texts(others),
    )


def account_columns(settings: SalesforceSettings, described: Described) -> Columns[WireAccount]:
    made = _Made(WireAccount, described)
    kind = made.attribute(settings.company_type_field)
    inactive = made.attribute(settings.company_inactive_field.removeprefix("!"))
    out = made.attribute(settings.company_opt_out_field, bool)
    return made.columns(
        "Account",
        kind=_kind(kind, _type_of(described, settings.company_type_field)),
        inactive=_flag(inactive, negated=settings.company_inactive_field.startswith("!")),
        opted_out=_consent([out]),
        others=lambda _: (),
    )


def type_field(settings: SalesforceSettings, facet: Facet) -> tuple[str, str]:
    """(object, field) whose values are the segments of contact and company types."""
    if facet is Facet.CONTACT_TYPE:
        return "Contact", settings.contact_type_field
    return "Account", settings.company_type_field


class _Made(Generic[R]):
    """A row type in the making: the base's fields that may be seen, and those that the settings name."""

    def __init__(self, base: type[R], described: Described) -> None:
        self._base, self._described = base, described
        self._known = {each.encode_name.casefold(): each.name for each in _fields(base)}
        self._new: list[tuple[str, str, Any]] = []
        self._hidden = [
            each.encode_name for each in _fields(base)
            if not described.has(each.encode_name) and each.encode_name not in (*_ALWAYS, *_ONLY_DELETED, *_NICE)
        ]  # fmt: skip

    def attribute(self, name: str, holds: Any = Any) -> str:
        """The row's attribute for a field; "" where none is named or it is hidden."""
        if not name:
            return ""
        if holds is bool and self._described.has(name) and self._described.fields[name.casefold()].type != "boolean":
            self._hidden.append(name)  # no checkbox says nothing of consent
            return ""
        if not self._described.has(name):
            # An org without record types has no such field: nothing is hidden by that.
            if name.casefold() != RECORD_TYPE.casefold():
                self._hidden.append(name)
            return ""
        lower = name.casefold()
        if lower not in self._known:
            self._known[lower] = f"named_{len(self._new)}"
            self._new.append((self._known[lower], self._described.fields[lower].name, holds))
        elif holds is not Any:  # named twice: what is said more exactly holds
            self._new = [(each, api, holds if each == self._known[lower] else kind) for each, api, kind in self._new]
        return self._known[lower]

    def columns(
        self,
        source: str,
        *,
        kind: Callable[[Any], tuple[str, ...]],
        inactive: Callable[[Any], bool],
        opted_out: Callable[[Any], bool | None],
        others: Callable[[Any], tuple[str, ...]],
    ) -> Columns[R]:
        row: Any = _row_type(self._base, source, tuple(self._new)) if self._new else self._base
        seen = (each.encode_name for each in _fields(row))
        return Columns(
            source=source,
            row=row,
            fields=tuple(name for name in seen if self._described.has(name) or name in _ALWAYS),
            hidden=tuple(dict.fromkeys(self._hidden)),
            kind=kind,
            inactive=inactive,
            opted_out=opted_out,
            others=others,
        )


def needed(settings: SalesforceSettings, contacts: Described, accounts: Described) -> None:
    """Raises AuthError where a field that the settings name to keep people out cannot say so: without it everybody
    would stay in. (Contact opt-outs need none of this: one that is hidden keeps everybody out.)"""
    for described, setting, kinds, follows in (
        (accounts, "company_opt_out_field", _CHECKBOX, "contacts of companies that opted out would be asked"),
        (accounts, "company_inactive_field", _YES_OR_NO, "contacts of inactive companies would be asked"),
        (contacts, "contact_inactive_field", _YES_OR_NO, "inactive contacts would be asked"),
    ):
        name = getattr(settings, setting).removeprefix("!")
        if not name:
            continue
        place = f"{described.name}.{name} ({setting})"
        if not described.has(name):
            raise AuthError(
                f"cannot see {place}, so {follows}; give the user's permission set Read on it (field-level security), "
                "or correct the setting"
            )
        if (kind := _type_of(described, name)) not in kinds:
            raise AuthError(f"{place} is of type {kind} and no checkbox, so {follows}; name another field")


def _fields(row: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    return _fields_once(row)


@cache
def _fields_once(row: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    """A pull asks five times, and each time every annotation would be evaluated anew."""
    return msgspec.structs.fields(row)


@cache
def _row_type(base: type[Any], source: str, added: tuple[tuple[str, str, Any], ...]) -> type[Any]:
    """The base with fields more: (attribute, name on the wire, what it holds). Made once: decoders are kept by type."""
    fields = [
        (attribute, holds if holds is Any else holds | None, msgspec.field(default=None, name=name))
        for attribute, name, holds in added
    ]
    return msgspec.defstruct(f"{source}Row", fields, bases=(base,), gc=False)


def _type_of(described: Described, name: str) -> str:
    return described.fields[name.casefold()].type if described.has(name) else ""


def _kind(attribute: str, holds: str) -> Callable[[Any], tuple[str, ...]]:
    """The segment ids of a row: each value of a multi-select, the one value of anything else."""
    if not attribute:
        return lambda _: ()
    get = attrgetter(attribute)
    if holds == "multipicklist":
        return lambda row: tuple(each for each in str(get(row) or "").split(";") if each)

    def one(row: Any) -> tuple[str, ...]:
        value = get(row)
        if value is None or value in ("", MASTER):
            return ()
        if isinstance(value, bool):
            return ("true",) if value else ("false",)
        return (value,) if isinstance(value, str) else (str(value),)

    return one


def _flag(attribute: str, *, negated: bool) -> Callable[[Any], bool]:
    """Whether a box (or a list of Yes and No) says so; an empty one says nothing."""
    if not attribute:
        return lambda _: False
    get, means = attrgetter(attribute), _EMPTY_BOX if negated else _CHECKED

    def says(row: Any) -> bool:
        value = get(row)
        return value is not None and str(value).strip().casefold() in means

    return says


def _consent(attributes: Sequence[str]) -> Callable[[Any], bool | None]:
    """True where any of the boxes is checked; None where none is and one of them cannot be seen."""
    seen = [attrgetter(each) for each in attributes if each]
    whole = len(seen) == len(attributes)
    if whole and len(seen) == 1:
        only: Callable[[Any], bool | None] = seen[0]
        return only

    def consent(row: Any) -> bool | None:
        values = [get(row) for get in seen]
        if any(values):
            return True
        return False if whole and None not in values else None

    return consent


def _texts(attributes: Iterable[str]) -> Callable[[Any], tuple[str, ...]]:
    gets = [attrgetter(each) for each in attributes if each]
    if not gets:
        return lambda _: ()
    return lambda row: tuple(dict.fromkeys(value for get in gets if (value := get(row))))
