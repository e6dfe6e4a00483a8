"""Describe: what the user may see of the tenant's objects. Hidden fields are left out silently (facts 2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .catalogue import PICKLISTS
from .naming import is_visible
from .shapes import IDS, SHAPES, Field, Shape
from .state import Row
from .tenant import DEFAULT_RECORD_TYPES, RECORD_TYPES

if TYPE_CHECKING:
    from .world import World

_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "double": "xsd:double",
    "int": "xsd:int",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
}


def everything(world: World, version: str) -> Row:
    """Return the global describe."""
    shapes = [shape for shape in SHAPES.values() if shape.name not in world.state.hidden]
    return {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [_about(world, shape, version) for shape in shapes],
    }


def basic(world: World, shape: Shape, version: str) -> Row:
    """Return the short form with the records used last, of which there are none."""
    return {"objectDescribe": _about(world, shape, version), "recentItems": []}


def whole(world: World, shape: Shape, version: str) -> Row:
    """Return one object's describe with its fields and record types."""
    fields = [_field(world, shape, field) for field in shape.fields.values() if is_visible(world, shape, field)]
    return {
        **_about(world, shape, version),
        "fields": fields,
        "childRelationships": [],
        "recordTypeInfos": _record_types(shape),
        "namedLayoutInfos": [],
        "supportedScopes": [{"label": f"All {shape.plural.lower()}", "name": "everything"}],
    }


def _about(world: World, shape: Shape, version: str) -> Row:
    base = f"/services/data/{version}/sobjects/{shape.name}"
    writable = shape.name not in world.state.readonly
    return {
        "name": shape.name,
        "label": shape.label,
        "labelPlural": shape.plural,
        "keyPrefix": shape.prefix,
        "custom": shape.custom,
        "createable": "c" in shape.flags and writable,
        "updateable": "u" in shape.flags and writable,
        "deletable": "d" in shape.flags and writable,
        "undeletable": "d" in shape.flags,
        "mergeable": shape.name in ("Account", "Contact", "Case"),
        "queryable": True,
        "retrieveable": True,
        "replicateable": "IsDeleted" in shape.fields,
        "searchable": "c" in shape.flags,
        "triggerable": "c" in shape.flags,
        "deprecatedAndHidden": False,
        "urls": {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"},
    }


def _field(world: World, shape: Shape, field: Field) -> Row:
    readonly = bool({shape.name, f"{shape.name}.{field.name}"} & world.state.readonly)
    bounced = field.name == "IsEmailBounced" and world.readings["is_email_bounced_writable"] == "yes"
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "length": field.length or (255 if field.type in ("picklist", "multipicklist") else 0),
        "byteLength": field.length * 3,
        "precision": 18 if field.type == "double" else 0,
        "scale": 0,
        "digits": 8 if field.type == "int" else 0,
        "custom": field.name.endswith("__c"),
        "nillable": field.nillable,
        "createable": (field.createable or bounced) and not readonly,
        "updateable": (field.updateable or bounced) and not readonly,
        "defaultedOnCreate": "d" in field.flags or field.type == "boolean",
        "permissionable": field.nillable or field.name.endswith("__c"),
        "filterable": field.filterable,
        "sortable": field.filterable,
        "groupable": field.filterable and field.type not in ("datetime", "double"),
        "externalId": field.external,
        "idLookup": field.type == "id" or field.external or (shape.name, field.name) == ("Contact", "Email"),
        "unique": field.unique,
        "caseSensitive": False,
        "calculated": False,
        "autoNumber": (shape.name, field.name) in (("Case", "CaseNumber"), ("NPS_Response__c", "Name")),
        "compoundFieldName": "Name" if shape.name == "Contact" and field.name in ("FirstName", "LastName") else None,
        "nameField": field.name in ("Name", "CaseNumber", "Subject"),
        "restrictedPicklist": field.restricted,
        "picklistValues": _values(shape, field),
        "referenceTo": list(field.refers),
        "relationshipName": field.relationship,
        "defaultValue": False if field.type == "boolean" else None,
        "inlineHelpText": None,
    }


def _values(shape: Shape, field: Field) -> list[Row]:
    if not field.picklist:
        return []
    default = PICKLISTS[field.picklist][0] if "d" in field.flags else None
    values = [
        {"active": True, "defaultValue": value == default, "label": value, "validFor": None, "value": value}
        for value in PICKLISTS[field.picklist]
    ]
    # Describe shows retired values too; they are refused where the picklist is restricted.
    if (shape.name, field.name) == ("Contact", "Contact_Type__c"):
        values.append({"active": False, "defaultValue": False, "label": "Legacy", "validFor": None, "value": "Legacy"})
    return values


def _record_types(shape: Shape) -> list[Row]:
    infos = [
        {
            "active": active,
            "available": active,
            "defaultRecordTypeMapping": DEFAULT_RECORD_TYPES.get(shape.name) == place,
            "developerName": developer,
            "master": False,
            "name": name,
            "recordTypeId": IDS["RecordType"].of(place),
        }
        for place, (name, developer, kind, active) in enumerate(RECORD_TYPES)
        if kind == shape.name
    ]
    master = {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": not infos,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": "012000000000000AAA",
    }
    return [*infos, master]
