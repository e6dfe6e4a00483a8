"""How plants are laid out among the contacts of a stand-in: the same way in each CRM, so that people look alike.

Contact `i` gets slot `(i - 1) % PERIOD`, so every kind is present from 200 contacts on, at any seed. Contact 0 is Ann
Example, who is healthy in every world. A slot that copies a person copies contact `i - 1`, healthy by construction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PERIOD = 199
Planted = Iterable[tuple[str, int]]
"""Labels, and how many of each there are in a period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One plant: its label, which variant of it, and whether the person copies the contact before."""

    label: str = "healthy"
    variant: int = 0
    copies: bool = False


_STAYS = Slot()


class Plants:
    """The slots of one CRM: those that copy somebody first, the others behind them. Labels in `once` are planted at
    their first place only, however large the world."""

    def __init__(self, *, copies: Planted, others: Planted, once: frozenset[str] = frozenset()) -> None:
        plants = [Slot(label=label, variant=n, copies=True) for label, count in copies for n in range(count)]
        plants += [Slot(label=label, variant=n) for label, count in others for n in range(count)]
        slots = [_STAYS] * PERIOD
        # Every second place from 1 on, so that the place before a copy is always healthy.
        for place, plant in zip(range(1, PERIOD, 2), plants, strict=False):
            slots[place] = plant
        self.slots, self._once = tuple(slots), once

    def slot(self, index: int) -> Slot:
        """Return what is planted at one contact; Ann Example, index 0, is always healthy."""
        if not index:
            return _STAYS
        found = self.slots[(index - 1) % PERIOD]
        return _STAYS if found.label in self._once and index > PERIOD else found

    def followed_by(self, index: int, count: int) -> Slot:
        """Return the slot of the contact after this one, which may copy it."""
        return self.slot(index + 1) if index + 1 < count else _STAYS

    def once(self, label: str) -> int:
        """Return the index of the only contact with that plant."""
        return 1 + next(place for place, planted in enumerate(self.slots) if planted.label == label)
