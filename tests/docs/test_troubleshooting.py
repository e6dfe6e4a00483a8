"""docs/troubleshooting.md has a row for whatever may stop somebody: errors, exit codes, holds, states."""

from __future__ import annotations

import inspect
import re

import pytest

from connector import errors
from connector.domain import FollowUpState, WriteBackState
from connector.jobs import runner
from connector.store import holds
from tests.docs.pages import ROOT, text_of

PAGE = text_of("troubleshooting.md")
ERRORS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.ConnectorError) and kind is not errors.ConnectorError
]


def _section(heading: str) -> str:
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, heading
    return found[1]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_has_a_row_with_its_exit_code_and_what_to_do(kind: type[errors.ConnectorError]) -> None:
    rows = re.findall(rf"^\| (\d) \| `{kind.__name__}` \| .+ \| .+ \| (.+) \|$", PAGE, re.MULTILINE)
    # a pause found before anything began leaves with the code of a hold
    codes = {str(kind.exit_code)} if kind is not errors.PausedError else {"3"}
    assert {code for code, _ in rows} == codes
    assert all(remedy for _, remedy in rows)


def test_every_exit_code_has_a_row() -> None:
    codes = {2, *runner.EXIT.values()} - {0}
    assert not [code for code in codes if f"\n| {code} | " not in PAGE]


def test_every_cause_of_a_hold_has_a_row() -> None:
    source = inspect.getsource(holds.Hold)
    causes = re.search(r"cause: str  # (.*)", source)
    assert causes
    rows = _section("Something is held")
    assert not [cause for cause in causes[1].split(" | ") if f"\n| `{cause}` | " not in rows]


@pytest.mark.parametrize(
    ("heading", "states"),
    [("An answer, and no ticket", WriteBackState), ("A ticket that changed in the CRM", FollowUpState)],
)
def test_every_state_has_a_row(heading: str, states: type[WriteBackState] | type[FollowUpState]) -> None:
    assert not [state for state in states if f"\n| `{state}` | " not in _section(heading)]


def test_the_index_names_every_page_of_the_book() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [page.name for page in (ROOT / "docs").glob("*.md") if page.name != "README.md"]
    assert len(pages) > 8
    assert not [name for name in pages if f"({name})" not in index]
