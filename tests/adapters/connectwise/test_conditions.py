"""Only ids, keys and dates get into conditions, in pieces that fit a URL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote

import pytest

from connector.adapters.connectwise import conditions
from connector.errors import RejectedError


@pytest.mark.parametrize("bad", ["", "0", "-1", "1 or 1=1", "../4", "１２", "1234567890123", "4\n", "abc"])
def test_what_is_no_id_is_refused(bad: str) -> None:
    with pytest.raises(RejectedError):
        conditions.number(bad)
    with pytest.raises(RejectedError):
        list(conditions.id_in("id", [bad]))


@pytest.mark.parametrize("bad", ["", 'x" or "1"="1', "NPS", "x" * 41, "nps_1", "nps 1"])
def test_what_is_no_key_is_refused(bad: str) -> None:
    with pytest.raises(RejectedError):
        list(conditions.key_in("externalXRef", [bad]))
    with pytest.raises(RejectedError):
        conditions.key_equals("externalXRef", [bad])


def test_lists_come_in_pieces_that_fit_and_lose_nothing() -> None:
    ids = [str(number) for number in range(100_000, 101_000)]
    pieces = list(conditions.id_in("company/id", [*ids, ids[0]]))
    assert all(len(quote(piece, safe="/,()")) <= 1200 for piece in pieces)
    found = [each for piece in pieces for each in piece.removeprefix("company/id in (").rstrip(")").split(",")]
    assert found == ids


def test_keys_come_in_pieces_that_fit() -> None:
    keys = [f"nps-{number:036d}" for number in range(200)]
    pieces = list(conditions.key_in("externalXRef", keys))
    assert all(len(quote(condition, safe="/,()")) <= 1200 for _, condition in pieces)
    assert [key for piece, _ in pieces for key in piece] == keys
    assert pieces[0][1].startswith('externalXRef in ("nps-0000')


def test_times_are_whole_seconds_of_utc() -> None:
    moment = datetime(2026, 11, 20, 17, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert conditions.changed_since(moment) == "lastUpdated > [2026-11-20T15:00:00Z]"


def test_whole_days_leave_room_for_any_zone() -> None:
    assert conditions.changed_after_day(datetime(2026, 11, 1, 1, tzinfo=UTC)) == "lastUpdated > [2026-10-30]"


def test_types_are_joined_by_or_as_childconditions_know_no_in() -> None:
    assert conditions.any_type({"12", "4"}) == "types/id=4 or types/id=12"
    assert conditions.any_type({str(number) for number in range(1, 500)}) is None


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("ann+nps@example.com", True),
        ("ann@example.com", True),
        ('ann"@example.com', False),
        ("ann%@example.com", False),
        ("*@example.com", False),
        ("ann@exämple.com", False),
        ("ann", False),
    ],
)
def test_only_the_plainest_addresses_are_asked_for(address: str, asked: bool) -> None:
    assert (conditions.has_address(address) is not None) is asked
