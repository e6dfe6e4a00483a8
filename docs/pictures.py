"""`make pictures`: the picture of a ticket in the README, drawn by Chromium from the pages of the stand-in PSA.

Runs `connector demo --keep` in a folder of its own, takes the page of the ticket it opened for Ann Example, and ends
it. Needs Debian's chromium (NPS_TEST_CHROMIUM names another one).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

CHROMIUM = os.environ.get("NPS_TEST_CHROMIUM", "/usr/bin/chromium")
TARGET = Path(__file__).parent / "pictures" / "ticket.png"
WHO = "Ann Example"
SIZE = "980,940"
LARGEST = 200_000  # bytes


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder)) as url:
        screenshot(f"{url}/tickets/{ticket_of(url, WHO)}", TARGET, Path(folder) / "chromium")
    size = TARGET.stat().st_size
    sys.stdout.write(f"{TARGET}: {size:,} bytes\n")
    return 0 if size <= LARGEST else 1


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """The address of a stand-in on which the demonstration has been told to its end."""
    connector = Path(sys.executable).with_name("connector")
    command = [str(connector), "demo", "--keep", "--folder", str(folder / "nps-demo")]
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


def screenshot(url: str, target: Path, profile: Path) -> None:
    """One page as a PNG of SIZE."""
    target.parent.mkdir(exist_ok=True)
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--hide-scrollbars", f"--user-data-dir={profile}",
        f"--screenshot={target}", f"--window-size={SIZE}",
    ]  # fmt: skip
    subprocess.run([CHROMIUM, *flags, url], check=True, capture_output=True, timeout=120)  # noqa: S603 - no shell, our own page


if __name__ == "__main__":
    sys.exit(main())
