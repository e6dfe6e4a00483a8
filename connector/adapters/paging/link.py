"""The Link header (RFC 8288), of which only a number is ever taken."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

_ENTRY = re.compile(r"<([^<>]*)>\s*((?:;[^,<]*)*)")
_NEXT = re.compile(r""";\s*rel\s*=\s*["']?\s*(?:[^"';,]*\s)?next\b""", re.IGNORECASE)


def next_number(link: str, name: str) -> int | None:
    """The whole number the `next` link has in the query parameter `name`, in any case; None where there is none.

    Hosts and paths of links are not looked at: they may be internal ones, and credentials never follow a link.
    """
    for url, attributes in _ENTRY.findall(link):
        if _NEXT.search(attributes):
            for key, value in parse_qsl(urlsplit(url).query):
                if key.lower() == name.lower() and value.isascii() and value.isdigit():
                    return int(value)
    return None


def has_next(link: str) -> bool:
    return any(_NEXT.search(attributes) for _, attributes in _ENTRY.findall(link))
