"""The documentation as tests read it: its pages, fenced blocks and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block: its language, text, page, line, and the nearest heading above it."""

    language: str
    text: str
    page: Path
    line: int
    heading: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def text_of(*names: str) -> str:
    """Pages of docs/ by name, or all pages, as one text."""
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES if not names or page.name in names)


def blocks(*languages: str) -> list[Block]:
    """Every fenced block of these languages."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _FENCE.finditer(text):
            headings = re.findall(r"^#+ (.*)$", text[: match.start()], re.MULTILINE)
            line = text.count("\n", 0, match.start()) + 1
            found.append(
                Block(language=match[1], text=match[2], page=page, line=line, heading=headings[-1] if headings else "")
            )
    return [block for block in found if not languages or block.language in languages]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def command_lines() -> Iterator[tuple[str, str]]:
    """(place, command line without `connector`) of each example in a fenced block."""
    for block in blocks("", "sh", "bash"):
        for number, line in enumerate(block.text.splitlines(), block.line + 1):
            found = re.match(r"(?:\$ )?connector (.*)", line)
            if found and (line.startswith("$ ") or "$ connector" not in block.text):
                yield f"{block.page.relative_to(ROOT)}:{number}", found[1].partition("   #")[0].strip()


def mentions(page: Path) -> Iterator[str]:
    """Each `connector …` in back ticks outside of the blocks, on one line, without the word connector."""
    yield from re.findall(r"`connector ([^`]+)`", prose(page).replace("\n", " "))
