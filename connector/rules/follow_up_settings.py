"""The `follow_up:` of the YAML: who hears of a follow-up that nobody takes up, and when."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from connector.rules.actions import LOG, Address, Name
from connector.rules.shapes import OneOrMore, Settings, wrong


class FollowUps(Settings):
    """Who hears of a follow-up that nobody takes up. Each is reminded of once and escalated once at most."""

    remind: Literal["half-time", "off"] = Field(
        default="half-time", description="Remind the owner when half of the working time until the due date is over."
    )
    escalate_to: Annotated[tuple[Address, ...], OneOrMore()] | tuple[()] = Field(
        default=(), description="Addresses that hear of tickets that are overdue, or closed without contact."
    )
    via: Name = Field(default=LOG, description="Connection that sends these messages, or log.")

    @model_validator(mode="after")
    def _reaches_somebody(self) -> FollowUps:
        if self.via != LOG and not self.escalate_to:
            raise wrong(f"messages by {self.via} need an address: add escalate_to: [name@example.com], or use via: log")
        return self
