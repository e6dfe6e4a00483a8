"""The places of the API: which path serves which table, with which verbs and which members demanded."""

from __future__ import annotations

from dataclasses import dataclass

READ = frozenset({"GET"})
CRUD = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One collection. `parent` is the table of the record named in the path, `name` the vendor's in errors."""

    path: str
    table: str
    name: str
    verbs: frozenset[str] = READ
    parent: str = ""
    required: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return self.name[:1].upper() + self.name[1:]


def _resource(
    path: str, table: str, name: str, verbs: frozenset[str] = READ, parent: str = "", required: tuple[str, ...] = ()
) -> Resource:
    return Resource(path=path, table=table, name=name, verbs=verbs, parent=parent, required=required)


_ALL = (
    # firstName is demanded by the server though no published model says so (recorded 400, facts 4.1).
    _resource("/company/contacts", "contacts", "contact", CRUD, required=("firstName",)),
    _resource("/company/contacts/types", "contact_types", "contactType", CRUD, required=("description",)),
    _resource("/company/contacts/{}/notes", "contact_notes", "contactNote", CRUD, "contacts", ("text",)),
    _resource(
        "/company/contacts/{}/communications",
        "communications",
        "contactCommunication",
        CRUD,
        "contacts",
        ("type", "value"),
    ),
    _resource("/company/contacts/{}/groups", "contact_groups", "contactGroup", CRUD, "contacts", ("group",)),
    _resource(
        "/company/contacts/{}/typeAssociations",
        "type_associations",
        "contactTypeAssociation",
        CRUD,
        "contacts",
        ("type", "contact"),
    ),
    _resource("/company/companies", "companies", "company", CRUD, required=("identifier", "name")),
    _resource("/company/companies/types", "company_types", "companyType", CRUD, required=("name",)),
    _resource("/company/companies/statuses", "company_statuses", "companyStatus", CRUD, required=("name",)),
    _resource("/company/companies/{}/teams", "company_teams", "companyTeam", CRUD, "companies", ("teamRole",)),
    _resource("/company/companies/{}/notes", "company_notes", "companyNote", CRUD, "companies", ("text",)),
    _resource("/company/communicationTypes", "communication_types", "communicationType"),
    _resource("/company/noteTypes", "note_types", "noteType"),
    _resource("/marketing/groups", "groups", "group", CRUD, required=("name",)),
    _resource("/marketing/groups/{}/contacts", "group_contacts", "marketingContact", CRUD, "groups"),
    _resource("/marketing/groups/{}/companies", "group_companies", "marketingCompany", CRUD, "groups"),
    _resource("/service/tickets", "tickets", "ticket", CRUD, required=("summary", "company")),
    _resource("/service/tickets/{}/notes", "ticket_notes", "serviceNote", CRUD, "tickets", ("text",)),
    _resource("/service/boards", "boards", "board"),
    _resource("/service/boards/{}/statuses", "statuses", "boardStatus", CRUD, "boards", ("name",)),
    _resource("/service/boards/{}/types", "board_types", "boardType", CRUD, "boards", ("name",)),
    _resource("/service/boards/{}/subtypes", "subtypes", "boardSubType", CRUD, "boards", ("name",)),
    _resource("/service/boards/{}/items", "items", "boardItem", CRUD, "boards", ("name",)),
    _resource("/service/boards/{}/teams", "board_teams", "boardTeam", READ, "boards"),
    _resource("/service/priorities", "priorities", "priority"),
    _resource("/service/sources", "sources", "source"),
    _resource("/service/surveys", "surveys", "serviceSurvey", CRUD, required=("name",)),
    _resource("/system/members", "members", "member"),
    # Not in the description of the API at hand: taken for granted, not known.
    _resource("/system/locations", "locations", "location"),
    _resource("/finance/agreements", "agreements", "agreement"),
    _resource(
        "/system/userDefinedFields",
        "user_defined_fields",
        "userDefinedField",
        CRUD,
        required=("podId", "caption", "sequenceNumber", "fieldTypeIdentifier"),
    ),
    _resource("/sales/activities", "activities", "activity", CRUD, required=("name", "assignTo")),
    _resource("/sales/activities/types", "activity_types", "activityType"),
    _resource("/sales/activities/statuses", "activity_statuses", "activityStatus"),
    _resource("/system/callbacks", "callbacks", "callbackEntry", CRUD, required=("url", "objectId", "type", "level")),
)
RESOURCES = {resource.path: resource for resource in _ALL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a path leads: a collection, its count, or one record of it."""

    resource: Resource
    parent: int = 0
    number: int | None = None
    count: bool = False

    @property
    def route(self) -> str:
        """The path with its ids replaced, as calls are counted."""
        path = self.resource.path.replace("{}", "{parentId}")
        return path + ("/count" if self.count else "/{id}" if self.number is not None else "")


def find(path: str) -> Place | None:
    """Return the place of a path below the API's base, None if there is none."""
    parts = path.strip("/").split("/")
    numbers = [int(part) for part in parts if part.isdecimal() and len(part) < 10]
    key = "/" + "/".join("{}" if part.isdecimal() and len(part) < 10 else part for part in parts)
    count = key.endswith("/count")
    key = key.removesuffix("/count")
    resource = RESOURCES.get(key)
    if resource is not None:
        return Place(resource=resource, parent=numbers[0] if numbers else 0, count=count)
    resource = RESOURCES.get(key.removesuffix("/{}")) if key.endswith("/{}") and not count else None
    if resource is None:
        return None
    return Place(resource=resource, parent=numbers[0] if len(numbers) > 1 else 0, number=numbers[-1])
