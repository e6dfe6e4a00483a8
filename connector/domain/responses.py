"""An answer, and the band its score is in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Band(StrEnum):
    """Where a score stands. The one place that knows the thresholds (detractor 0-6, passive 7-8, promoter 9-10)."""

    DETRACTOR = "detractor"
    PASSIVE = "passive"
    PROMOTER = "promoter"

    @classmethod
    def of(cls, score: int) -> Band:
        if not 0 <= score <= 10:
            raise ValueError(f"an NPS score is 0 to 10, not {score}")
        if score >= 9:
            return cls.PROMOTER
        return cls.PASSIVE if score >= 7 else cls.DETRACTOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer. `key` is stable for the same answer from the same source; `revision` counts its changes from 1."""

    key: str
    connection: str
    source: str
    external_id: str
    score: int
    responded_at: datetime
    received_at: datetime
    comment: str = ""
    contact_id: str | None = None
    company_id: str | None = None
    person_id: str | None = None
    email: str = ""
    campaign: str = ""
    wave: str = ""
    channel: str = ""
    revision: int = 1

    @property
    def band(self) -> Band:
        return Band.of(self.score)
