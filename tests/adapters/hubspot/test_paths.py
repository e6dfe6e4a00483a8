"""Where each operation is, in each version of the API."""

from __future__ import annotations

from typing import get_args

import pytest

from connector.adapters.hubspot import paths
from connector.adapters.hubspot.paths import OPERATIONS, ApiVersion, is_search, path

VERSIONS: tuple[ApiVersion, ...] = get_args(ApiVersion)
NAMES = {"type": "contacts", "to": "companies", "id": "501", "name": "email"}
SOME = [
    ("objects", "/crm/v3/objects/contacts", "/crm/objects/2026-03/contacts"),
    ("batch_read", "/crm/v3/objects/contacts/batch/read", "/crm/objects/2026-03/contacts/batch/read"),
    (
        "associations_read",
        "/crm/v4/associations/contacts/companies/batch/read",
        "/crm/associations/2026-03/contacts/companies/batch/read",
    ),
    ("list_members", "/crm/v3/lists/501/memberships", "/crm/lists/2026-03/501/memberships"),
    ("pipelines", "/crm/v3/pipelines/contacts", "/crm/pipelines/2026-03/contacts"),
    ("owners", "/crm/v3/owners", "/crm/owners/2026-03"),
    ("token", "/oauth/v1/token", "/oauth/2026-03/token"),
]


@pytest.mark.parametrize(("operation", "v3", "dated"), SOME)
def test_an_operation_in_two_versions(operation: str, v3: str, dated: str) -> None:
    assert (path("v3", operation, **NAMES), path("2026-03", operation, **NAMES)) == (v3, dated)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_there_in_every_version(operation: str) -> None:
    found = [path(version, operation, **NAMES) for version in VERSIONS]
    assert len(set(found)) == len(VERSIONS)
    assert all(each.startswith("/") and "{" not in each for each in found)
    assert found[1].replace("2026-03", "2026-09") == found[2]


def test_both_tables_have_the_same_operations() -> None:
    assert set(paths._V3) == set(paths._DATED)


def test_a_name_cannot_leave_its_place() -> None:
    assert path("v3", "object", type="contacts", id="../owners?x=1") == "/crm/v3/objects/contacts/..%2Fowners%3Fx%3D1"


@pytest.mark.parametrize("version", VERSIONS)
def test_only_searches_of_records_count_as_searches(version: ApiVersion) -> None:
    searches = [operation for operation in OPERATIONS if is_search(path(version, operation, **NAMES))]
    assert searches == ["search"]
