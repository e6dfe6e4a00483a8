"""Text from outside, made harmless for the place where it lands.

Subjects and descriptions of tickets are plain text; bodies of notes and tasks are HTML
(https://developers.hubspot.com/docs/guides/api/crm/engagements/notes), so what people wrote is escaped there.
"""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import UTC, datetime, tzinfo

from connector.timespan import zone_name

SUBJECT_CAP = 200  # no figure is published; longer ones are cut in every list people look at
TEXT_CAP = 60_000  # of a note at most 65,536 characters are kept, mark-up included
_BREAKS = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_BLANKS = re.compile(r"[ \t\u00a0]+")
# Control characters, what turns the direction of text, what is invisible, half characters, tags.
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_BRACES = str.maketrans({"{": "❴", "}": "❵"})


def plain(text: str, *, cap: int = TEXT_CAP) -> str:
    """Lines of plain text, NFC, at most `cap` characters; says how long it was when it had to be cut.

    Personalisation tokens (`{{ contact.email }}`) lose their braces.
    """
    short = unicodedata.normalize("NFC", text[: cap * 4])  # ten megabytes must not cost ten megabytes of work
    lines = [_BLANKS.sub(" ", _DROPPED.sub("", line)).strip() for line in _BREAKS.split(short)]
    whole = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    whole = whole.translate(_BRACES) if "{{" in whole or "{%" in whole else whole
    if len(whole) <= cap and len(text) <= cap * 4:
        return whole
    mark = f" (cut; {len(text):,} characters in all)"
    return whole[: cap - len(mark)].rstrip() + mark


def one_line(text: str, *, cap: int) -> str:
    """`plain` on one line, lines joined by ` / `."""
    return plain(" / ".join(part for part in plain(text, cap=cap * 20).split("\n") if part), cap=cap * 20)[
        :cap
    ].rstrip()


def subject(text: str) -> str:
    """A subject: one line, cut at a word."""
    line = one_line(text, cap=SUBJECT_CAP * 4)
    if len(line) <= SUBJECT_CAP:
        return line
    cut = line[: SUBJECT_CAP - 1]
    at = cut.rfind(" ")
    return (cut[:at] if at > SUBJECT_CAP // 2 else cut).rstrip(" ,;:-–/") + "…"


def marked(text: str, key: str) -> str:
    """`plain` with our key on a line of its own at the end, by which the text is found again."""
    said = plain(text)
    return f"{said}\n{key}" if said else key


def marked_html(text: str, key: str, *, cap: int = TEXT_CAP) -> str:
    """The same as HTML: everything escaped, line breaks kept; what escaping adds counts against the cap."""
    room = cap - len(key) - 40
    said = plain(text, cap=room)
    if len(_html(said)) > room:
        said = plain(text, cap=room // 6)  # the longest escape has six characters
    return f"{_html(said)}<br>{key}" if said else key


def carries(text: str | None, key: str) -> bool:
    """Whether a text carries the key as a whole word (a longer key that begins alike does not count)."""
    return bool(text) and re.search(rf"(?<![a-z0-9-]){re.escape(key)}(?![a-z0-9-])", text or "") is not None


def moment_text(at: datetime) -> str:
    """ISO 8601 in UTC, as the vendor writes it: with milliseconds only where there are some."""
    moment = at.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")


def due_text(at: datetime, zone: tzinfo) -> str:
    """For people: tickets have no due date of their own."""
    moment = at.astimezone(zone)
    return f"Due {moment:%a} {moment.day} {moment:%b %Y, %H:%M} {zone_name(at, zone)}."


def _html(text: str) -> str:
    return html.escape(text, quote=True).replace("\n", "<br>")
