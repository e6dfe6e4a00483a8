"""The folder that `connector demo` leaves: configuration, the stand-ins' keys, who was asked, one wave's answers."""

from __future__ import annotations

import csv
import os
import random
import shutil
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from connector.domain import Contact
from connector.errors import ConfigError

MARK = ".made-by-connector-demo"
OURS = ("nps.yaml", "env.sh", "answers", "asked", "nps-data", MARK)
WAVE = "answers/wave.csv"
AGAIN = "answers/wave-once-more.csv"
MOST = 40
"""Answers at most; of them at most DETRACTORS, for only ten tickets a day are opened by default, five for an owner."""
DETRACTORS = 8
FEWER = 4
"""Detractors of each CRM where there are several: their companies have fewer account managers."""
WORDS = {
    0: ("We are looking for somebody else.",),
    2: ("Nobody could tell me who is responsible.", "Three weeks for a new laptop."),
    3: ("Tickets take days and nobody calls back.",),
    4: ("Invoices I cannot check.",),
    5: ("The hotline is friendly, but things stay broken.",),
    6: ("It works. Mostly.",),
    7: ("Solid work.", ""),
    8: ("Good, a little slow on Mondays.", ""),
    9: ("Quick and clear.", "Always reachable.", ""),
    10: ("Best decision we made last year.", "They think ahead.", ""),
}


def prepare(folder: Path) -> None:
    """An empty folder, or one of ours emptied. Raises ConfigError for anybody else's."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--folder: {folder} is a file; name another")
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            raise ConfigError(f"--folder: {folder} was not made by connector demo and is left alone; name another")
        for name in OURS[:-1]:  # the mark goes last: a half-emptied folder is still ours
            path = folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    (folder / "answers").mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("connector demo made this folder and makes it anew each time.\n")


COLUMNS = ("id", "email", "score", "comment", "responded_at", "campaign", "wave", "channel")
WEIGHTS = (1, 0, 1, 2, 2, 2, 3, 6, 10, 12, 9)
FIRST_SCORES = (3, 4, 5)
_UNSET = "unset CONNECTOR_CONFIG CONNECTOR_DATABASE_URL CONNECTOR_DATABASE_URL_FILE"


def write(folder: Path, configuration: str, keys: Mapping[str, str]) -> None:
    """nps.yaml and env.sh."""
    (folder / "nps.yaml").write_text(configuration, encoding="utf-8")
    lines = ["# The keys of the stand-ins; nothing secret.", _UNSET]
    lines += [f"export {name}={value}" for name, value in keys.items()]
    (folder / "env.sh").write_text("\n".join(lines) + "\n")


def write_asked(folder: Path, connection: str, people: Sequence[Contact], *, now: datetime) -> Path:
    """Whom a survey tool says it has asked, as `connector history import` reads it."""
    path = folder / "asked" / f"{connection}.csv"
    path.parent.mkdir(exist_ok=True)
    at = (now - timedelta(days=3)).isoformat(timespec="seconds")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["kind", "contact_id", "email", "at", "campaign"])
        writer.writerows(["asked", person.id, person.email, at, "quarterly"] for person in people)
    return path


def write_answers(
    folder: Path, invited: Mapping[str, Sequence[Contact]], *, seed: int, now: datetime
) -> dict[str, tuple[str, ...]]:
    """Answers of about half of the invited people of each connection, at realistic scores; the ids of each one's.

    The first answer of each connection is a detractor's, so that there is a ticket to show. The same seed gives the
    same answers.
    """
    dice = random.Random(seed)  # noqa: S311 - made-up answers, no secret
    at_most = DETRACTORS if len(invited) == 1 else FEWER
    written: dict[str, tuple[str, ...]] = {}
    number = 0
    with (folder / WAVE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, *(["connection"] if len(invited) > 1 else [])])
        for place, (connection, people) in enumerate(invited.items()):
            low, ids = 0, list[str]()
            for contact in _answering(people, dice):
                score = dice.choices(range(11), weights=WEIGHTS)[0] if ids else FIRST_SCORES[place]
                low += score <= 6
                score = score if score > 6 or low <= at_most else 9
                at = now - timedelta(minutes=30 + dice.randrange(60 * 48))
                number += 1
                ids.append(f"demo-{number}")
                row = [ids[-1], contact.email, score, dice.choice(WORDS.get(score, ("",))),
                       at.isoformat(timespec="seconds"), "quarterly", f"{now:%Y-%m}", "email"]  # fmt: skip
                writer.writerow([*row, *([connection] if len(invited) > 1 else [])])
            written[connection] = tuple(ids)
    return written


def _answering(people: Sequence[Contact], dice: random.Random) -> list[Contact]:
    asked = sorted(people, key=lambda contact: (contact.email != "ann@example.com", len(contact.id), contact.id))
    count = min(MOST, max(min(len(asked), 5), round(len(asked) * 0.5)))
    return asked[:1] + dice.sample(asked[1:], max(0, count - 1)) if asked else []


def write_answers_again(folder: Path) -> None:
    """The same answers in a file of another name, as somebody might export them twice."""
    shutil.copyfile(folder / WAVE, folder / AGAIN)
    # A file written a moment ago may still be growing, so it would be left for the next time.
    written = time.time() - 60
    os.utime(folder / AGAIN, (written, written))
