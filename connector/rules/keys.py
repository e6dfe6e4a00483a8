"""The keys that make an answer and its effects recognisable: hashes, never counters or positions.

Both are 128 bits of BLAKE2b in lower-case base32, 26 characters of [a-z2-7]. Parts are hashed with their lengths, so
that ("ab", "c") and ("a", "bc") differ.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

PREFIX = "nps-"
CHECK = f"{PREFIX}c-"
"""How the key of a ticket begins that proved that tickets can be written: of no answer, and never stored."""


def response_key(
    installation: str,
    source: str,
    *,
    external_id: str = "",
    token: str = "",
    contact: str = "",
    at: datetime | None = None,
    campaign: str = "",
) -> str:
    """26 characters that stay the same for the same answer from the same source.

    The first that is there decides: the source's own id, the invitation's token, contact + time + campaign.
    Raises ValueError when none is there. `contact` is as the source words it, id or address, never whom it was matched
    to: a match made later would make another key. Whoever takes answers looks under the other wordings too.
    """
    if external_id:
        return _hash("response", installation, source, "id", external_id)
    if token:
        return _hash("response", installation, source, "token", token)
    if contact and at is not None:
        if at.tzinfo is None:
            raise ValueError("the time of an answer needs a time zone")
        return _hash("response", installation, source, "contact", contact, at.astimezone(UTC).isoformat(), campaign)
    raise ValueError("an answer needs an id, a token, or a contact and a time, to be told from others")


def write_back_key(response_key: str, rule_id: str, action_id: str, revision: int = 1) -> str:
    """`nps-` and 26 characters: [a-z0-9-], 30 in all. Revision 1 is not part of the hash."""
    revised = (str(revision),) if revision > 1 else ()
    return PREFIX + _hash("write-back", response_key, rule_id, action_id, *revised)


def _hash(*parts: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return base64.b32encode(digest.digest()).decode().rstrip("=").lower()
