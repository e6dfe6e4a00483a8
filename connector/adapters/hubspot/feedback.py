"""Answers to HubSpot's own NPS surveys (feedback submissions), read as a ResponseSource. They are read only there.

https://developers.hubspot.com/docs/guides/api/crm/objects/feedback-submissions: part of Service Hub Professional; of
its surveys only those of type NPS are taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from connector.adapters.hubspot.batches import Batches
from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.paths import CONTACTS
from connector.adapters.hubspot.searches import is_last
from connector.adapters.hubspot.values import moment
from connector.adapters.hubspot.visible import prove_credentials
from connector.adapters.hubspot.written_types import WireFound, WireRecord
from connector.errors import ForbiddenError, RejectedError
from connector.ports import BadRow, Cursor, RawAnswer

SUBMISSIONS = "feedback_submissions"
PAGE = 100
_READ = (
    "hs_survey_name", "hs_survey_type", "hs_survey_channel", "hs_value", "hs_content", "hs_contact_id",
    "hs_submission_timestamp", "hs_createdate", "hs_lastmodifieddate",
)  # fmt: skip


class HubSpotFeedback:
    """The cursor is {since, began, after}: what changed since then is read, by id, and how far that is. Both times are
    the portal's own, by the Date header of its answers: our clock may be wrong."""

    def __init__(self, portal: Portal) -> None:
        self._portal, self._batches = portal, Batches(portal)

    def responses(self, cursor: Cursor | None) -> Iterator[tuple[list[RawAnswer | BadRow], Cursor]]:
        """Pages of answers that are new or changed since the cursor; some of the last minutes come again, since the
        search may be behind. Raises RejectedError where the portal has none, or the token may not read them."""
        given = cursor or {}
        began = given.get("began")
        after, since = str(given.get("after") or "0"), str(given.get("since") or "")
        where, last = self._portal.path("search", type=SUBMISSIONS), False
        while not last:
            page, date = self._page(where, since, after)
            found = page.results
            began = began or self._portal.time(date).astimezone(UTC).isoformat()
            last = is_last(len(found), page.total, PAGE, where=where)
            after = found[-1].id if found else after
            following: Cursor = {"since": since, "began": began, "after": after}
            if last:
                following = {"since": self._portal.settings.read_from(datetime.fromisoformat(began)).isoformat()}
            yield self._answers(found), following

    def _page(self, where: str, since: str, after: str) -> tuple[WireFound, str]:
        """https://developers.hubspot.com/docs/guides/api/crm/search: by id, so that no page is cut off at 10,000."""
        filters: list[dict[str, Any]] = [{"propertyName": "hs_object_id", "operator": "GT", "value": after}]
        at = moment(since)
        if at is not None:
            milliseconds = str(int(at.timestamp() * 1000))
            filters.append({"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": milliseconds})
        body = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": list(_READ),
            "limit": PAGE,
        }
        try:
            return self._portal.asked_dated(where, body, WireFound)
        except ForbiddenError as error:
            prove_credentials(self._portal)
            raise RejectedError(
                f"feedback submissions cannot be read ({error}): they are part of Service Hub Professional, and the "
                "token needs the scope crm.objects.feedback_submissions.read"
            ) from None

    def _answers(self, rows: Sequence[WireRecord]) -> list[RawAnswer | BadRow]:
        asked = [row for row in rows if (row.properties.get("hs_survey_type") or "").strip().upper() == "NPS"]
        unsaid = [row.id for row in asked if not row.properties.get("hs_contact_id")]
        contacts = self._batches.associated(SUBMISSIONS, CONTACTS, unsaid) if unsaid else {}
        return [self._answer(row, contacts.get(row.id, [])) for row in asked]

    def _answer(self, row: WireRecord, contacts: Sequence[str]) -> RawAnswer | BadRow:
        values, place = row.properties, f"{self._portal.connection} feedback submission {row.id}"
        contact = values.get("hs_contact_id") or (contacts[0] if contacts else "")
        at = moment(values.get("hs_submission_timestamp") or values.get("hs_createdate") or row.created_at)
        score = (values.get("hs_value") or "").strip().removesuffix(".0")
        if not contact:
            return BadRow(place=place, why="it is nobody's: no contact is associated with it")
        if not (score.isascii() and score.isdigit() and len(score) < 3 and int(score) <= 10):
            return BadRow(place=place, why="its value is no whole number from 0 to 10")
        if at is None:
            return BadRow(place=place, why="it does not say when it was submitted")
        return RawAnswer(
            place=place,
            values={
                "connection": self._portal.connection,
                "external_id": row.id,
                "contact_id": contact,
                "email": "",
                "score": str(int(score)),
                "comment": values.get("hs_content") or "",
                "responded_at": at.isoformat(),
                "campaign": values.get("hs_survey_name") or "",
                "wave": "",
                "channel": (values.get("hs_survey_channel") or "").casefold(),
            },
        )
