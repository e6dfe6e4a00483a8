"""The folder that `connector demo` leaves behind: the configuration, the stand-in's keys, the answers of one wave."""

from __future__ import annotations

import csv
import os
import random
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from connector.domain import Contact
from connector.errors import ConfigError

MARK = ".made-by-connector-demo"
OURS = ("nps.yaml", "env.sh", "answers", "nps-data", MARK)
WAVE = "answers/wave.csv"
AGAIN = "answers/wave-once-more.csv"
FIRST = "demo-1"
"""The first answer: by a detractor, so that there is a ticket to show."""
MOST = 40
"""Answers at most; of them at most DETRACTORS, for only ten tickets a day are opened by default."""
DETRACTORS = 8
YAML = """\
# The folder of connector demo. It works with the stand-in CRM on this machine, so it may be live.
mode: live                          # preview | rehearsal | live
connections:
  psa:
    adapter: connectwise
    base_url: {url}
    company: acme                   # the login's company id
    public_key: ${{CW_PUBLIC_KEY}}
    private_key: ${{CW_PRIVATE_KEY}}
    client_id: ${{CW_CLIENT_ID}}
    calendar: {{zone: Europe/Berlin, hours: "09:00-17:00", holidays: DE-BE}}
audiences:
  decision-makers:
    from: psa
    contact_types: [Decision Maker, Owner]
    company_types: [Managed Client]
    marketing_groups: [NPS 2026]
    exclude: {{company_types: [Former Client]}}
cleaning:
  role_addresses: keep_if_only      # keep | keep_if_only | report | exclude
  stale: {{bounced: exclude, replaced: exclude, age: {{over: 18 months, do: report}}}}
answers:
  folder: answers                   # every *.csv and *.jsonl in it is read, once
rules:
  - id: call-back
    name: call detractors back
    when: {{band: detractor}}
    then:
      - record_response
      - open_ticket:
          board: Customer Success
          priority: High
          owner: [account_manager, territory_manager, "member:bob"]
          due: 1 business day
"""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What the stand-in wants to be signed in with."""

    public_key: str
    private_key: str
    client_id: str

    def environ(self) -> dict[str, str]:
        return {"CW_PUBLIC_KEY": self.public_key, "CW_PRIVATE_KEY": self.private_key, "CW_CLIENT_ID": self.client_id}


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


_UNSET = "unset CONNECTOR_CONFIG CONNECTOR_DATABASE_URL CONNECTOR_DATABASE_URL_FILE"


def write(folder: Path, url: str, keys: Keys) -> None:
    """nps.yaml and env.sh."""
    (folder / "nps.yaml").write_text(YAML.format(url=url))
    lines = ["# The keys of the stand-in CRM; nothing secret.", _UNSET]
    lines += [f"export {name}={value}" for name, value in keys.environ().items()]
    (folder / "env.sh").write_text("\n".join(lines) + "\n")


def write_answers(folder: Path, people: Sequence[Contact], *, seed: int, now: datetime) -> int:
    """Answers of about half of the people, at realistic scores; how many. The same seed gives the same answers."""
    dice = random.Random(seed)  # noqa: S311 - made-up answers, no secret
    asked = sorted(people, key=lambda contact: (contact.email != "ann@example.com", len(contact.id), contact.id))
    count = min(MOST, max(min(len(asked), 5), round(len(asked) * 0.5)))
    answering = asked[:1] + dice.sample(asked[1:], max(0, count - 1)) if asked else []
    low = 0
    with (folder / WAVE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "email", "score", "comment", "responded_at", "campaign", "wave", "channel"])
        for number, contact in enumerate(answering):
            score = 3 if number == 0 else dice.choices(range(11), weights=(1, 0, 1, 2, 2, 2, 3, 6, 10, 12, 9))[0]
            low += score <= 6
            score = score if score > 6 or low <= DETRACTORS else 9
            at = now - timedelta(minutes=30 + dice.randrange(60 * 48))
            words = dice.choice(WORDS.get(score, ("",)))
            wave = f"{now:%Y-%m}"
            writer.writerow([f"demo-{number + 1}", contact.email, score, words, at.isoformat(timespec="seconds"),
                             "quarterly", wave, "email"])  # fmt: skip
    return len(answering)


def write_answers_again(folder: Path) -> None:
    """The same answers in a file of another name, as somebody might export them twice."""
    shutil.copyfile(folder / WAVE, folder / AGAIN)
    # A file written a moment ago may still be growing, so it would be left for the next time.
    written = time.time() - 60
    os.utime(folder / AGAIN, (written, written))
