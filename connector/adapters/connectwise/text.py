"""Text from outside, made harmless for the place where it lands.

Notes are shown with Markdown and may be mailed as HTML; line breaks are not supported in JSON text
(https://developer.connectwise.com/Best_Practices/Manage_API_Requests), so lines are joined by ` / `.
"""

from __future__ import annotations

import re
import unicodedata

SUMMARY_CAP = 100
NOTE_CAP = 8000
CONTACT_CAPS = {"contactName": 62, "contactEmailAddress": 250, "contactPhoneNumber": 20}
_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
_BLANKS = re.compile(r"[ \t\u00a0]+")
# Control characters, what turns the direction of text, what is invisible, half characters, tags.
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_MARKUP = str.maketrans({"<": "‹", ">": "›"})


def plain(text: str, *, cap: int = NOTE_CAP) -> str:
    """One line, NFC, without markup, at most `cap` characters; says how long it was when it had to be cut."""
    short = unicodedata.normalize("NFC", text[: cap * 4])  # ten megabytes must not cost ten megabytes of work
    short = _DROPPED.sub("", short)
    lines = (_BLANKS.sub(" ", line).strip() for line in _BREAKS.split(short))
    line = " / ".join(part for part in lines if part).translate(_MARKUP)
    line = line.replace("](", "] (").replace("][", "] [")
    if units(line) <= cap and len(text) <= cap * 4:
        return line
    mark = f" (cut; {len(text):,} characters in all)"
    return _cut(line, cap - len(mark)) + mark


def summary(text: str) -> str:
    """A ticket's summary: at most 100 characters, cut at a word."""
    line = plain(text, cap=SUMMARY_CAP * 20)
    if units(line) <= SUMMARY_CAP:
        return line
    cut = _cut(line, SUMMARY_CAP - 1)
    at = cut.rfind(" ")
    if not line.startswith(" ", len(cut)) and at > SUMMARY_CAP // 2:
        cut = cut[:at]
    return cut.rstrip(" ,;:-–/") + "…"


def short(text: str, *, cap: int, whole: bool = False) -> str:
    """`plain`, cut to the cap; `whole`: nothing where it is longer, for half a phone number is a wrong one."""
    line = plain(text, cap=cap * 20)
    if units(line) <= cap:
        return line
    return "" if whole else _cut(line, cap)


def marked(text: str, key: str, *, cap: int = NOTE_CAP) -> str:
    """`plain` with our key at the end, by which the text is found again."""
    line = plain(text, cap=cap)
    return f"{line} {key}" if line else key


def carries(text: str | None, key: str) -> bool:
    """Whether a text carries the key as a whole word (a longer key that begins alike does not count)."""
    return bool(text) and re.search(rf"(?<![a-z0-9-]){re.escape(key)}(?![a-z0-9-])", text or "") is not None


def units(text: str) -> int:
    """Length as the vendor counts it: an emoji is two (UTF-16)."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str, cap: int) -> str:
    if units(text) <= cap:
        return text
    cut = text.encode("utf-16-le", "surrogatepass")[: cap * 2].decode("utf-16-le", "ignore")
    return cut.rstrip()
