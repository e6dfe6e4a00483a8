"""`make pictures`: the pictures of this book, all from real output of one `connector demo --only connectwise`.

The ticket opened for Ann Example, from the pages of the stand-in PSA; and what `preview`, `explain` and `jobs show`
print at a terminal. Drawn by Debian's chromium (NPS_TEST_CHROMIUM names another one).
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

CHROMIUM = os.environ.get("NPS_TEST_CHROMIUM", "/usr/bin/chromium")
TARGET = Path(__file__).parent / "pictures"
CONNECTOR = Path(sys.executable).with_name("connector")
WHO = "Ann Example"
LARGEST = 200_000  # bytes
COLUMNS = 122
AT_A_TERMINAL = {
    "preview": "preview --offline",
    "explain": "explain ann@example.com",
    "jobs-show": "jobs show {job}",
}
"""Name of the picture and the command line; `{job}` is the newest delivery."""
_THEME = TerminalTheme((24, 27, 33), (220, 223, 228), [(0, 0, 0)] + [(220, 223, 228)] * 7, [(255, 255, 255)] * 8)
_PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: {background}; color: {foreground} }}
pre {{ margin: 14px 18px; font: 13px/18px "DejaVu Sans Mono", "Liberation Mono", monospace; white-space: pre }}
</style><pre>{code}</pre>"""


def main() -> int:
    too_large = 0
    with tempfile.TemporaryDirectory() as scratch, demo(Path(scratch)) as url:
        folder, profile = Path(scratch) / "nps-demo", Path(scratch) / "chromium"
        pictures = {"ticket": (f"{url}/tickets/{ticket_of(url, WHO)}", "980,940")}
        environ = keys(folder)
        for name, line in AT_A_TERMINAL.items():
            line = line.format(job=newest(folder, environ, "deliver"))
            page = Path(scratch) / f"{name}.html"
            text, height = html([f"$ connector {line}", *shown(folder, environ, line)])
            page.write_text(text, encoding="utf-8")
            pictures[name] = (page.as_uri(), f"{COLUMNS * 8 + 36},{height * 18 + 28}")
        for name, (address, size) in pictures.items():
            target = TARGET / f"{name}.png"
            screenshot(address, target, profile, size)
            bytes_ = target.stat().st_size
            too_large += bytes_ > LARGEST
            sys.stdout.write(f"{target}: {bytes_:,} bytes\n")
    return 1 if too_large else 0


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """The address of a stand-in on which the demonstration has been told to its end."""
    command = [str(CONNECTOR), "demo", "--only", "connectwise", "--keep", "--folder", str(folder / "nps-demo")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603 - our own program
        try:
            assert running.stdout is not None, "it is a pipe"
            for line in running.stdout:
                if line.startswith("live "):
                    yield next(word for word in line.split() if word.startswith("http://"))
                    break
            else:
                raise SystemExit("connector demo did not come to its end")
        finally:
            running.terminate()


def ticket_of(url: str, name: str) -> int:
    """The number of the ticket about this person."""
    with urlopen(f"{url}/control/records", timeout=60) as answer:  # noqa: S310 - our own server on this machine
        tickets = json.load(answer)["tickets"]
    return int(next(ticket["id"] for ticket in tickets if name in ticket["summary"]))


def keys(folder: Path) -> dict[str, str]:
    """The environment that the folder's env.sh makes, without what would lead to another configuration."""
    exported = [line.removeprefix("export ") for line in (folder / "env.sh").read_text().splitlines()]
    pairs = dict(line.split("=", 1) for line in exported if "=" in line)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
    return {**inherited, **pairs, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "TZ": "UTC"}


def newest(folder: Path, environ: dict[str, str], story: str) -> str:
    """The id of the newest job of a story that called the CRM."""
    listed = subprocess.run(  # noqa: S603 - our own program
        [str(CONNECTOR), "jobs", "list", "--json"], cwd=folder, env=environ, capture_output=True, check=True
    )
    found = json.loads(listed.stdout)["jobs"]
    return str(next(job["id"] for job in found if job["story"] == story and job["attempts"][-1]["calls"]))


def shown(folder: Path, environ: dict[str, str], line: str) -> list[str]:
    """What the command prints at a terminal, line by line, styles included; what stands on stderr is left out."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    running = subprocess.Popen(  # noqa: S603 - our own program
        [str(CONNECTOR), *shlex.split(line)], cwd=folder, env=environ, stdout=theirs, stderr=subprocess.DEVNULL
    )
    os.close(theirs)
    printed = b""
    while True:
        try:
            printed += os.read(ours, 65536)
        except OSError:  # the program closed its end
            break
    os.close(ours)
    if running.wait():
        raise SystemExit(f"connector {line} left with {running.returncode}")
    return printed.decode().replace("\r\n", "\n").rstrip("\n").split("\n")


def html(printed: list[str]) -> tuple[str, int]:
    """The lines as a page of a terminal, broken as one breaks them, and how many there are then; text stays text."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor", legacy_windows=False)
    lines = [part for line in printed for part in Text.from_ansi(line).divide(range(COLUMNS, len(line) + 1, COLUMNS))]
    for line in lines:
        console.print(line, soft_wrap=True)
    return console.export_html(theme=_THEME, code_format=_PAGE, inline_styles=True), len(lines)


def screenshot(url: str, target: Path, profile: Path, size: str) -> None:
    """One page as a PNG of this size."""
    target.parent.mkdir(exist_ok=True)
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--hide-scrollbars", f"--user-data-dir={profile}",
        f"--screenshot={target}", f"--window-size={size}",
    ]  # fmt: skip
    subprocess.run([CHROMIUM, *flags, url], check=True, capture_output=True, timeout=120)  # noqa: S603 - no shell, our own page


if __name__ == "__main__":
    sys.exit(main())
