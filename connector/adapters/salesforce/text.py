"""Text from outside, made harmless for the field where it lands, and cut to the length that describe gives.

Long text fields keep their lines and show no markup, but flows and mail templates put them into HTML, so brackets go.
A text that is too long is refused (STRING_TOO_LONG), never cut by the vendor:
https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_header_allowfieldtruncation.htm (SOAP only).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, tzinfo

from connector.timespan import zone_name

SUBJECT_CAP = 255
LONG_CAP = 32_000
COMMENT_BYTES = 4_000  # of a CaseComment, counted in UTF-8
_BREAKS = re.compile(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_BLANKS = re.compile(r"[ \t\u00a0]+")
# Control characters, what turns the direction of text, what is invisible, half characters, tags.
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_MARKUP = str.maketrans({"<": "‹", ">": "›"})
_ROUNDS = 4  # a text ten times too long must not cost ten times the work


def lines(text: str, *, cap: int = LONG_CAP, byte_cap: int = 0) -> str:
    """Its lines, NFC, without markup, within the cap; says how long it was when it had to be cut."""
    wide = min(cap, byte_cap) if byte_cap else cap
    short = _harmless(text[: wide * _ROUNDS])
    kept = [_BLANKS.sub(" ", line).strip() for line in _BREAKS.split(short)]
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")
    if len(text) <= wide * _ROUNDS and _fits(body, cap, byte_cap):
        return body
    mark = f" (cut; {len(text):,} characters in all)"
    mark = mark if len(mark) * 2 <= wide else ""
    return _cut(body, cap - len(mark), byte_cap - len(mark) if byte_cap else 0) + mark


def one_line(text: str, *, cap: int) -> str:
    """One line, its breaks as ` / `, cut at a word where it is too long."""
    short = _harmless(text[: cap * 20])
    parts = (_BLANKS.sub(" ", line).strip() for line in _BREAKS.split(short))
    line = " / ".join(part for part in parts if part)
    if _fits(line, cap, 0):
        return line
    cut = _cut(line, cap - 1, 0)
    at = cut.rfind(" ")
    if not line.startswith(" ", len(cut)) and at > cap // 2:
        cut = cut[:at]
    return cut.rstrip(" ,;:-–/") + "…"


def marked(text: str, key: str, *, cap: int = LONG_CAP, byte_cap: int = 0) -> str:
    """`lines` with our key on a line of its own at the end, by which the text is found again; within the cap."""
    room = len(key) + 1
    body = lines(text, cap=cap - room, byte_cap=byte_cap - room if byte_cap else 0)
    return f"{body}\n{key}" if body else key


def carries(text: str | None, key: str) -> bool:
    """Whether a text carries the key as a whole word (a longer key that begins alike does not count)."""
    return bool(text) and re.search(rf"(?<![a-z0-9-]){re.escape(key)}(?![a-z0-9-])", text or "") is not None


def same_text(stored: str, wanted: str) -> bool:
    """Line breaks come back as the org keeps them, and blanks at the ends are dropped by it."""
    return _BREAKS.sub("\n", stored).strip() == _BREAKS.sub("\n", wanted).strip()


def units(text: str) -> int:
    """Length as the vendor counts it: an emoji is two (UTF-16)."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def due_text(at: datetime | None, zone: tzinfo) -> str:
    """`Due Fri 20 Nov 2026 16:20 CET`; empty for none."""
    return f"Due {at.astimezone(zone):%a %d %b %Y %H:%M} {zone_name(at, zone)}" if at else ""


def _harmless(text: str) -> str:
    return _DROPPED.sub("", unicodedata.normalize("NFC", text)).translate(_MARKUP)


def _fits(text: str, cap: int, byte_cap: int) -> bool:
    return units(text) <= cap and (not byte_cap or len(text.encode()) <= byte_cap)


def _cut(text: str, cap: int, byte_cap: int) -> str:
    if units(text) > cap:
        text = text.encode("utf-16-le", "surrogatepass")[: max(cap, 0) * 2].decode("utf-16-le", "ignore")
    if byte_cap and len(text.encode()) > byte_cap:
        text = text.encode()[: max(byte_cap, 0)].decode("utf-8", "ignore")
    return text.rstrip()
