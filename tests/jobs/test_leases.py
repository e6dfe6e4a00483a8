"""Leases: one holder at a time, tokens that only grow, takeover of what has run out or belongs to the dead."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.errors import LeaseLostError
from connector.jobs.owner import is_dead, this_process
from connector.store import Store, leases, open_store
from connector.store.leases import Lease

NOW = datetime(2026, 11, 20, 16, 20, tzinfo=UTC)
TTL = timedelta(seconds=180)
_names = itertools.count(1)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def take(
    store: Store, owner: str, *, now: datetime = NOW, dead: frozenset[str] = frozenset(), of: str = "psa"
) -> Lease:
    with store.write(durable=False) as tx:
        return leases.take(tx, of, owner, now=now, ttl=TTL, owner_is_dead=dead.__contains__)


def passes(store: Store, lease: Lease, *, now: datetime = NOW, prolong: bool = False) -> bool:
    try:
        with store.write(durable=False) as tx:
            leases.check(tx, lease, now=now, ttl=TTL if prolong else None)
    except LeaseLostError:
        return False
    return True


def give_back(store: Store, lease: Lease) -> None:
    with store.write(durable=False) as tx:
        leases.give_back(tx, lease)


def test_a_held_lease_is_refused_and_says_who_holds_it_until_when(store: Store) -> None:
    take(store, "house|boot/1|42|7")
    with pytest.raises(LeaseLostError, match=r"psa: house is at work on it until 16:23:00 UTC"):
        take(store, "other")


def test_a_lease_given_back_is_free_at_once_and_its_token_never_comes_again(store: Store) -> None:
    first = take(store, "a")
    give_back(store, first)
    assert not passes(store, first)
    assert not passes(store, first, prolong=True)
    assert take(store, "b").token > first.token


def test_a_lease_that_ran_out_is_taken_over_and_its_old_holder_fails(store: Store) -> None:
    first = take(store, "a")
    second = take(store, "b", now=NOW + TTL)
    assert second.token > first.token
    assert not passes(store, first)
    assert not passes(store, first, now=NOW + TTL, prolong=True)
    assert passes(store, second, now=NOW + TTL)


def test_the_lease_of_a_dead_process_is_taken_over_at_once(store: Store) -> None:
    first = take(store, "a")
    second = take(store, "b", dead=frozenset({"a"}))
    assert not passes(store, first)
    assert passes(store, second)


def test_a_lease_that_ran_out_allows_no_write_to_leave_but_can_be_prolonged_while_nobody_took_it(store: Store) -> None:
    late = NOW + TTL + timedelta(seconds=1)
    lease = take(store, "a")
    assert not passes(store, lease, now=late)
    assert passes(store, lease, now=late, prolong=True)
    assert passes(store, lease, now=late)
    with pytest.raises(LeaseLostError):
        take(store, "b", now=late)


def test_giving_back_a_lost_lease_does_not_free_the_new_holders(store: Store) -> None:
    first = take(store, "a")
    second = take(store, "b", now=NOW + TTL)
    give_back(store, first)
    assert passes(store, second, now=NOW + TTL)


def test_a_clock_set_back_keeps_the_holder_and_its_end(store: Store) -> None:
    lease = take(store, "a")
    earlier = NOW - timedelta(hours=1)
    assert passes(store, lease, now=earlier)
    with pytest.raises(LeaseLostError):
        take(store, "b", now=earlier)
    prolonged = replace(lease, expires_at=earlier + TTL)
    assert passes(store, prolonged, now=earlier, prolong=True)
    assert take(store, "b", now=earlier + TTL).token > lease.token  # not an hour later


def test_one_connection_says_nothing_about_another(store: Store) -> None:
    take(store, "a", of="psa")
    assert take(store, "b", of="crm").token == 1


OWNERS = ("a", "b", "c")
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("take", "check", "prolong", "give_back", "die")), st.sampled_from(OWNERS)),
        st.tuples(st.just("wait"), st.sampled_from(("-100", "1", "100", "180", "500"))),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_whatever_happens_one_holder_passes_and_tokens_only_grow(store: Store, steps: list[tuple[str, str]]) -> None:
    """Against a model: who holds it (the last who took it and did not give it back) until when."""
    connection, now = f"connection-{next(_names)}", NOW
    held: dict[str, Lease] = {}  # the last lease of each owner
    issued: list[Lease] = []
    holder, ends = "", NOW
    dead: frozenset[str] = frozenset()
    for what, who in steps:
        if what == "wait":
            now += timedelta(seconds=int(who))
        elif what == "die":
            dead |= {who}
        elif what == "take":
            free = not holder or holder == who or ends <= now or holder in dead
            if not free:
                with pytest.raises(LeaseLostError):
                    take(store, who, now=now, dead=dead, of=connection)
                continue
            lease = take(store, who, now=now, dead=dead, of=connection)
            assert all(lease.token > other.token for other in issued)
            issued.append(lease)
            held[who], holder, ends = lease, who, now + TTL
        elif who in held:
            if what == "give_back":
                give_back(store, held[who])
                holder = "" if holder == who else holder
            elif what == "prolong":
                assert passes(store, held[who], now=now, prolong=True) == (holder == who)
                ends = now + TTL if holder == who else ends
            else:
                assert passes(store, held[who], now=now) == (holder == who and ends > now)
        assert sum(passes(store, lease, now=now) for lease in issued) <= 1


def test_the_owner_of_this_process_is_alive_and_that_of_an_ended_one_is_dead() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "from connector.jobs.owner import this_process; print(this_process())"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    assert not is_dead(this_process())
    assert is_dead(said)


def test_a_zombie_is_dead() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # ended, not yet reaped
    host, place, _, started = this_process().split("|")
    assert is_dead("|".join((host, place, str(child), started)))
    os.waitpid(child, 0)


@pytest.mark.parametrize(
    "owner",
    [
        "house|another-boot/4026531836|1|1",
        "house|?|1|1",
        "scheduler",
        "",
        "|".join((*this_process().split("|")[:2], "no number", "1")),
        "|".join((*this_process().split("|")[:3], "?")),
    ],
    ids=["another boot", "no boot", "one word", "empty", "no number", "no start time"],  # a process id is no name
)
def test_whoever_cannot_be_judged_is_not_called_dead(owner: str) -> None:
    assert not is_dead(owner)
