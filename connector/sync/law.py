"""Law 1, nobody disappears: the contacts invited and excluded are disjoint and together are the contacts pulled."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from connector.errors import ContractError

_MODULUS = 1 << 128


@dataclass(slots=True)
class IdsDigest:
    """A digest of a collection of ids that does not depend on their order: how many, and the sum of their hashes."""

    count: int = 0
    total: int = 0

    def add(self, contact_id: str) -> None:
        """Take one id in; the same id twice is not the same as once."""
        self.count += 1
        self.total += int.from_bytes(blake2b(contact_id.encode(), digest_size=16).digest())

    def __add__(self, other: IdsDigest) -> IdsDigest:
        return IdsDigest(self.count + other.count, self.total + other.total)

    def __str__(self) -> str:
        return f"{self.count}:{self.total % _MODULUS:032x}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdsDigest) and str(self) == str(other)

    __hash__ = None  # type: ignore[assignment]


def check(pulled: IdsDigest, invited: IdsDigest, excluded: IdsDigest) -> None:
    """Raise ContractError unless invited and excluded together are exactly what was pulled.

    `pulled` holds each id once, so an id both invited and excluded, or left out, or invented, is noticed.
    """
    decided = invited + excluded
    if decided == pulled:
        return
    how = (
        f"{pulled.count:,} contacts pulled, but {invited.count:,} invited + {excluded.count:,} excluded"
        f" = {decided.count:,}"
        if decided.count != pulled.count
        else f"{pulled.count:,} contacts pulled and as many decided, but not the same ones"
    )
    raise ContractError(f"nobody disappears: {how}; nothing was sent; please report this with `connector bundle`")
