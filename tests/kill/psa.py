"""The stand-in PSA as a process of its own."""

from __future__ import annotations

from tests.kill.stand_in import StandIn


class Psa(StandIn):
    def __init__(self, *, contacts: int = 60, seed: int = 7, readings: str = "lenient") -> None:
        super().__init__("connectwise", contacts=contacts, seed=seed, readings=readings)
