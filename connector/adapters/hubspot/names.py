"""Names of the portal's set-up, as admins write them, made ids; and ids that may stand in a request."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from connector.errors import RejectedError


def resolve(what: str, name: str, known: Mapping[str, str]) -> str:
    """The id of a name (case ignored), or of an id; raises RejectedError that names the nearest.

    Of two with the same name none is meant: one has to write the id.
    """
    wanted = folded(name)
    found = [each for each, called in known.items() if folded(called) == wanted]
    if len(found) > 1:
        raise RejectedError(
            f'{len(found)} {what}s are called "{name[:80]}": write the id of the one you mean ({", ".join(found)})',
            code="SameName",
        )
    if found:
        return found[0]
    if name.strip() in known:
        return name.strip()
    names = sorted(set(known.values()), key=str.casefold)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    shown = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
    raise RejectedError(f'no {what} "{name[:80]}"{hint} (there are {shown or "none"})', code="UnknownName")


def record_id(text: str | None) -> str:
    """The id of a record, which is digits; anything else raises RejectedError."""
    found = (text or "").strip()
    if not (found.isascii() and found.isdigit()) or len(found) > 30:
        raise RejectedError(f"{(text or '')[:40]!r} is no HubSpot record id", code="BadId")
    return found


def folded(name: str) -> str:
    return " ".join(name.split()).casefold()
