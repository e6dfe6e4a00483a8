"""A first configuration as text: commented YAML with names in it. Pure; `connector init` fills it in.

Names come from outside: each is written so that YAML, and the program's own ${references}, read exactly the name.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.config.fitting import Choice, Named
from connector.domain import Facet
from connector.log import one_line
from connector.sync.settings import FACET_FIELD

WIDTH = 116
_COLUMN = 36  # where the comments of short lines begin
_MOST = 30  # names listed in one comment
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 _./()&+'-]*[A-Za-z0-9_.)+]")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:/_-]+")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the file shall say. `settings` are the connection's keys with their text as it stands in YAML."""

    connection: str
    kind: str
    settings: Sequence[tuple[str, str]]
    remarks: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"
    holidays: str = ""
    audience: str = "decision-makers"
    choices: Mapping[Facet, Choice] = field(default_factory=dict)
    guessed: Facet | None = None
    """The facet in which nothing sounded right, and the largest name was taken."""
    changes: frozenset[str] = frozenset({"record_response", "open_ticket"})
    """What the kind of system can do."""
    needs_board: bool = True
    """Whether no ticket can be opened there without a board."""
    board: str = ""
    boards: Sequence[str] = ()
    priority: str = ""
    priorities: Sequence[str] = ()
    owner: Sequence[str] = ("account_manager",)
    members: Sequence[str] = ()
    test_board: str = ""


def render(draft: Draft) -> str:
    """The whole file; a line feed at its end."""
    lines = [
        *_beside("mode: preview", "preview sends and writes nothing; then rehearsal; then live"),
        "",
        *_connection(draft),
        "",
        *_audiences(draft),
        "",
        "cleaning:",
        *_beside("  role_addresses: keep_if_only", "info@ and the like: keep | keep_if_only | report | exclude"),
        "  stale: {bounced: exclude, replaced: exclude, age: {over: 18 months, do: report}}",
        "",
        *_rules(draft),
        "",
        *_rehearsal(draft),
    ]
    return "\n".join(lines) + "\n"


def scalar(text: str) -> str:
    """The text as one YAML value inside of a list or mapping: bare where nothing can be misread, else quoted."""
    text = text.replace("${", "$${")
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS and ": " not in text and " #" not in text:
        return text
    if _ADDRESS.fullmatch(text) and not text.endswith(":"):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    # YAML knows no surrogate pairs: beyond the first 65,536 characters it wants the long form.
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)


def reference(source: str) -> str:
    """`${NAME}`, or `${file:PATH}` for `file:PATH`."""
    return "${" + source + "}"


def _connection(draft: Draft) -> list[str]:
    lines = ["connections:", f"  {draft.connection}:", f"    adapter: {draft.kind}"]
    for key, text in draft.settings:
        lines += _beside(f"    {key}: {text}", draft.remarks.get(key, ""))
    holidays = f", holidays: {draft.holidays}" if draft.holidays else ""
    remark = "" if holidays else "holidays: DE-BE adds those of a country or region"
    return [*lines, *_beside(f'    calendar: {{zone: {draft.zone}, hours: "09:00-17:00"{holidays}}}', remark)]


def _audiences(draft: Draft) -> list[str]:
    head = _beside("audiences:", "within a list any name counts; all lists must hold; exclude wins")
    body = [f"  {draft.audience}:", f"    from: {draft.connection}"]
    chosen = False
    for facet, choice in draft.choices.items():
        key = FACET_FIELD[facet]
        if choice.include:
            chosen = True
            guess = "no name sounds like decision makers: choose" if facet is draft.guessed else ""
            body += _beside(f"    {key}: {_list(choice.include)}", guess)
        if choice.others:
            body += _comment(f"{'also' if choice.include else key} in the CRM: {_counted(choice.others)}", 4)
    excluded = [
        f"{FACET_FIELD[facet]}: {_list(choice.exclude)}" for facet, choice in draft.choices.items() if choice.exclude
    ]
    if excluded:
        body.append(f"    exclude: {{{', '.join(excluded)}}}")
    if chosen:
        return head + body
    return [*_comment("No names could be chosen: fill in at least one list, and take the # away.", 0),
            *(f"# {line}" if not line.lstrip().startswith("#") else line for line in [*head, *body])]  # fmt: skip


def _rules(draft: Draft) -> list[str]:
    head = ["rules:"]
    if "record_response" in draft.changes:
        # A rule of its own: what is only recorded for detractors stays in the CRM when one becomes a promoter.
        head += _beside("  - id: record", "no `when`: every answer, so that a changed one is right in the CRM too")
        head.append("    then: [record_response]")
    head += ["  - id: call-back", "    name: call detractors back"]
    head += [*_beside("    when: {band: detractor}", "a score of 0 to 6"), "    then:"]
    if "open_ticket" in draft.changes and (draft.board or not draft.needs_board):
        return [*head, *_ticket(draft)]
    if "open_ticket" in draft.changes:
        head += _comment("no board was found; then: - open_ticket: {board: …, due: 1 business day}", 6)
    return [*head, "      - notify"]


def _ticket(draft: Draft) -> list[str]:
    owner = ", ".join(scalar(step) if ":" not in step else json.dumps(step) for step in draft.owner)
    lines = ["      - open_ticket:", *([f"          board: {scalar(draft.board)}"] if draft.board else [])]
    lines += _others("boards", draft.boards, draft.board)
    lines += [f"          priority: {scalar(draft.priority)}"] if draft.priority else []
    lines += _others("priorities", draft.priorities, draft.priority)
    lines += [f"          owner: [{owner}]"] if owner else []
    if draft.members:
        shown = ", ".join(f'"member:{one_line(name)}"' for name in draft.members[:_MOST])
        lines += _comment(f"the first that exists; last resort, one of: {shown}{_more(draft.members)}", 10)
    return [*lines, "          due: 1 business day"]


def _rehearsal(draft: Draft) -> list[str]:
    board = scalar(draft.test_board or "NPS Test")
    return [
        "# For mode rehearsal, every effect on a company and a board made for it, every mail to one address.",
        "# Name a real test company of your CRM here (its identifier); create one where there is none:",
        f"# rehearsal: {{company: nps-test, board: {board}, mail_to: nps-test@example.com}}",
    ]


def _others(what: str, names: Sequence[str], chosen: str) -> list[str]:
    others = [name for name in names if name != chosen]
    shown = ", ".join(one_line(name) for name in others[:_MOST])
    return _comment(f"{'other ' if chosen else ''}{what}: {shown}{_more(others)}", 10) if others else []


def _counted(names: Sequence[Named]) -> str:
    shown = [one_line(each.name) + (f" ({each.count:,})" if each.count is not None else "") for each in names[:_MOST]]
    return ", ".join(shown) + _more(names)


def _more(names: Sequence[object]) -> str:
    return f" … and {len(names) - _MOST} more (connector show)" if len(names) > _MOST else ""


def _list(names: Sequence[str]) -> str:
    return f"[{', '.join(scalar(name) for name in names)}]"


def _beside(line: str, remark: str) -> list[str]:
    """The line with its remark at its right, or above it where both are too long."""
    if not remark:
        return [line]
    if len(line) < _COLUMN - 1 and _COLUMN + 2 + len(remark) <= WIDTH:
        return [f"{line:<{_COLUMN}}# {remark}"]
    if len(line) + 4 + len(remark) <= WIDTH:
        return [f"{line}   # {remark}"]
    return [*_comment(remark, len(line) - len(line.lstrip())), line]


def _comment(text: str, indent: int) -> list[str]:
    mark = f"{'':<{indent}}# "
    return textwrap.wrap(one_line(text), WIDTH, initial_indent=mark, subsequent_indent=mark, break_on_hyphens=False)
