"""The members of the planted campaigns, found by arithmetic: two thirds of nobody's memory."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from .moments import ANCHOR, written
from .shapes import IDS
from .tenant import ALICE, CAMPAIGNS, campaign_id, user_id

NPS, NEWSLETTER, WEBINAR = range(3)
# Of fifty ranks in NPS 2026 these have opted out, and have responded.
_OPTED_OUT, _RESPONDED = 11, frozenset({3, 23, 41})


class Members:
    """Columns of the planted members: those of NPS 2026 first, then Newsletter, then Autumn Webinar.

    The last three members of the newsletter are leads.
    """

    LEADS = 3

    def __init__(self, contacts: int, in_nps: int, seed: int) -> None:
        self._contacts = max(1, contacts)
        self._sizes = (min(in_nps, contacts), contacts // 5, contacts // 20)
        self._starts = (0, self._sizes[0], self._sizes[0] + self._sizes[1] + self.LEADS)
        self.count = sum(self._sizes) + self.LEADS
        self._steps = [_step(self._contacts, salt) for salt in (131 + seed % 89, 977 + seed % 83, 389)]
        self._places: dict[int, array[int]] = {}
        moment, by = written(ANCHOR - 200 * 86400), user_id(ALICE)
        constants = {
            "IsDeleted": False,
            "CreatedDate": moment,
            "CreatedById": by,
            "LastModifiedDate": moment,
            "LastModifiedById": by,
            "SystemModstamp": moment,
        }
        self._columns: dict[str, Callable[[int], Any]] = {
            "Id": IDS["CampaignMember"].of,
            "CampaignId": lambda p: _CAMPAIGN_IDS[self.campaign_of(p)],
            "ContactId": self._contact_id,
            "LeadId": lambda p: IDS["Lead"].of(self._lead_of(p)) if self._lead_of(p) >= 0 else None,
            "Status": self.status_of,
            "HasResponded": lambda p: _RESPONDED_LABELS[self.campaign_of(p)] == self.status_of(p),
            "FirstRespondedDate": lambda p: "2026-04-15" if self.status_of(p) == "Responded" else None,
            **{name: _always(value) for name, value in constants.items()},
        }

    def column(self, name: str, positions: Sequence[int]) -> list[Any]:
        """Return one field of the members at the positions."""
        value = self._columns.get(name)
        return [value(p) for p in positions] if value else [None] * len(positions)

    def size(self, campaign: int) -> int:
        """Return how many contacts a campaign has; leads are not counted."""
        return self._sizes[campaign]

    def campaign_of(self, position: int) -> int:
        return NPS if position < self._starts[1] else NEWSLETTER if position < self._starts[2] else WEBINAR

    def contact_of(self, position: int) -> int | None:
        """Return the index of the member's contact, None for a lead."""
        if self._lead_of(position) >= 0:
            return None
        campaign = self.campaign_of(position)
        if campaign not in self._places:
            step, size = self._steps[campaign], self._sizes[campaign]
            self._places[campaign] = array("I", sorted(rank * step % self._contacts for rank in range(size)))
        return self._places[campaign][position - self._starts[campaign]]

    def status_of(self, position: int) -> str:
        """Return the member's status; the default one of the campaign but for some of NPS 2026."""
        if position < self._starts[1]:
            place = position % 50
            return "Opted Out" if place == _OPTED_OUT else "Responded" if place in _RESPONDED else "Sent"
        return "Subscribed" if position < self._starts[2] else "Registered"

    def _lead_of(self, position: int) -> int:
        first = self._starts[2] - self.LEADS
        return position - first if first <= position < self._starts[2] else -1

    def _contact_id(self, position: int) -> str | None:
        index = self.contact_of(position)
        return None if index is None else IDS["Contact"].of(index)


def _always(value: object) -> Callable[[int], Any]:
    return lambda _: value


def _step(count: int, salt: int) -> int:
    step = int(count * 0.6180339887) + salt
    while math.gcd(step, count) != 1:
        step += 1
    return step


_CAMPAIGN_IDS = [campaign_id(place) for place in range(len(CAMPAIGNS))]
_RESPONDED_LABELS = [next(label for label, responded, _ in statuses if responded) for *_, statuses in CAMPAIGNS]
