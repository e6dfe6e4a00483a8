"""Killed while an OAuth token is renewed: the next process signs in again, or says whom to ask for a new token.

HubSpot does not say whether a renewal hands out another refresh token, nor whether the one before stays good then. A
kill between its answer and our keeping of it loses what was handed out; all three readings are tried.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from connector.jobs import once
from connector.jobs.runtime import Runtime
from connector.jobs.vaults import SECRET_KEY
from connector.store import open_store
from tests.kill.crms import HUBSPOT
from tests.kill.harness import Passed, Story
from tests.kill.stand_in import StandIn
from tests.kill.stores import SqliteDatabase
from tests.kill.test_kills import Says

pytestmark = pytest.mark.kill
_NAMES = ("client_id", "client_secret", "refresh_token")
RENEWAL = "POST /oauth/2026-03/token"


def _connection(login: Mapping[str, Any]) -> dict[str, Any]:
    written = {name: value for name, value in HUBSPOT.connection(login).items() if name != "access_token"}
    return {**written, **{name: f"${{HUBSPOT_{name.upper()}}}" for name in _NAMES}}


OAUTH = replace(
    HUBSPOT,
    connection=_connection,
    environ=lambda login: {f"HUBSPOT_{name.upper()}": login[name] for name in _NAMES},
)


def pull(runtime: Runtime) -> list[once.Step]:
    return [once.perform(runtime, "pull", OAUTH.name)]


@pytest.fixture(params=["constant", "overlaps", "rotates"])
def reading(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def story(reading: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """Signed in never (start 0), and once (start 1)."""
    monkeypatch.setenv(SECRET_KEY, base64.b64encode(b"k" * 32).decode())
    with (
        StandIn("hubspot", readings=f"refresh_token={reading}") as stand_in,
        Story(SqliteDatabase, stand_in, crm=OAUTH) as made,
    ):
        open_store(made.database.url).close()
        for _ in range(2):
            made.keep_start()
            made.boundaries.append(_passed(made).boundaries)
        yield made


def _passed(story: Story, outcome: str = "done", **how: Any) -> Passed:
    passed = story.run(do=pull, **how)
    assert not passed.error, passed.error
    assert [step[1] for step in passed.outcomes] == ([] if passed.killed_at else [outcome]), passed.outcomes
    return passed


def _renewals(story: Story) -> int:
    return sum(entry["path"].startswith("/oauth") for entry in story.stand_in.control("log"))


def _around_the_renewal(labels: list[str]) -> list[int]:
    """The boundaries from before what is tried ahead of the request to the first call that uses what was granted."""
    asked = labels.index(f"request:before {RENEWAL}")
    assert labels[asked + 1] == f"request:left {RENEWAL}"
    used = next(at for at in range(asked, len(labels)) if labels[at].startswith("request:before GET"))
    return list(range(max(0, asked - 2), used + 1))


def test_killed_around_a_renewal_the_next_process_signs_in_or_says_what_to_do(
    story: Story, reading: str, record_property: Says
) -> None:
    kills = lost = 0
    for start in (0, 1):
        labels = story.boundaries[start]
        asked = labels.index(f"request:before {RENEWAL}")
        places = _around_the_renewal(labels)
        kept = [at for at in places if at > asked and labels[at] == "commit:after"]
        # A token that stays the same is kept with the first renewal, and never again.
        assert len(kept) == (0 if start and reading == "constant" else 1), labels[places[0] : places[-1] + 1]
        for at in places:
            story.go_back(start)
            before = _renewals(story)
            assert _passed(story, kill_at=at).killed_at == labels[at]
            kills += 1
            if reading == "rotates" and asked < at < kept[0]:
                lost += 1
                _is_held_until_the_app_is_connected_anew(story)
            else:
                _passed(story)
                assert _renewals(story) - before == (2 if at > asked else 1), labels[at]
    assert lost == (4 if reading == "rotates" else 0), "the answer not read, and read but not kept; twice"
    record_property("kills", kills)


def _is_held_until_the_app_is_connected_anew(story: Story) -> None:
    said = _passed(story, "held").outcomes[0][2]
    assert f"{RENEWAL}: HubSpot refuses the refresh_token (400 BAD_REFRESH_TOKEN)" in said
    assert "connect the app to the portal again and write the new refresh_token" in said
    assert f"then connector resume {OAUTH.name}" in said
    tried = _renewals(story)
    for _ in range(3):
        assert "held" in _passed(story, "held").outcomes[0]
    assert _renewals(story) == tried, "nobody signs in while it is held"
    config, login = story.config, story.stand_in.login["refresh_token"]
    try:
        anew = story.stand_in.control("technician", {"act": "connect"})["refresh_token"]
        story.stand_in.login["refresh_token"] = anew
        story.config = story.crm.config(story.stand_in, story.folder)
        story.resume()
        _passed(story)
    finally:
        story.config, story.stand_in.login["refresh_token"] = config, login
