"""Whether a refusal is about one thing, or about the credentials themselves."""

from __future__ import annotations

from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.paths import CONTACTS
from connector.adapters.hubspot.written_types import WireFound


def prove_credentials(portal: Portal) -> None:
    """Read one contact, which every token of ours may; raises AuthError where it is refused too."""
    portal.get(portal.path("objects", type=CONTACTS), WireFound, {"limit": "1"})
