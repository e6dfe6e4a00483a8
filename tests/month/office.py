"""The people of the month: customers who answer and opt out, technicians who handle tickets, things that go wrong.

All by seeded dice, so that a month is told again exactly; the day is counted from 0, a Monday.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from connector.sandbox.connectwise import Server

HEADER = "external_id,email,score,comment,responded_at,campaign\n"
LEAVES, RENAMED, REFUSED, HIDDEN = 0.27, 0.4, 0.5, 0.73
"""When, as shares of the month, an owner leaves, a contact type is renamed, a right is lost for a day (twice)."""
COLLEAGUES = ("alice", "carol", "bob")


class Office:
    """Acts on the stand-in by its levers. `did` counts what happened."""

    def __init__(self, server: Server, answers: Path, *, seed: int, days: int) -> None:
        self._server, self._answers = server, answers
        self._dice = random.Random(seed)
        self._leaves, self._renamed, *lost = (round(days * share) for share in (LEAVES, RENAMED, REFUSED, HIDDEN))
        self._lost = {lost[0]: "refused", lost[1]: "hidden"}
        self.did: Counter[str] = Counter()
        self.opted_out: dict[str, datetime] = {}
        self._given: list[tuple[str, str, datetime]] = []  # (external id, address, when)
        people = self.control("truth")["contacts"]
        healthy = {n: p for n, p in people.items() if "healthy" in p["labels"] and p["email"] and p["company"]}
        self._people = dict(sorted(healthy.items(), key=lambda each: int(each[0])))

    def control(self, lever: str, body: Any = None) -> Any:
        method = "GET" if body is None else "POST"
        answer = requests.request(method, f"{self._server.url}/control/{lever}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    # ------------------------------------------------------------ what happens to the tenant
    def morning(self, day: int, now: datetime) -> None:
        self.control("permit", {"tickets": "seen"})
        if day == self._leaves:
            self._edit("/system/members/101", inactiveFlag=True)
            self.did["an owner leaves"] += 1
        if day == self._renamed:
            self._edit("/company/contacts/types/1", description="Key Decision Maker")
            self.did["a contact type is renamed"] += 1
        if day in self._lost:
            self.control("permit", {"tickets": self._lost[day]})
            self.did["the right to see tickets is lost for a day"] += 1
        if day % 3 == 1:
            self._opts_out(now)

    def noon(self) -> None:
        """The tenant throttles, and now and then swallows an answer."""
        self.control("faults", {"kind": "429", "times": self._dice.randint(1, 6), "seconds": 20})
        self.did["the tenant throttles"] += 1
        if self._dice.random() < 0.4:
            self.control("faults", {"kind": "drop_after_write", "method": "POST"})
            self.did["an answer to a write is lost"] += 1

    def _opts_out(self, now: datetime) -> None:
        left = [number for number in self._people if number not in self.opted_out]
        number = self._dice.choice(left)
        self._edit(f"/company/contacts/{number}", unsubscribeFlag=True)
        self.opted_out[number] = now
        self.did["a contact opts out"] += 1

    # ------------------------------------------------------------ customers
    def answer(self, day: int, now: datetime) -> None:
        """New answers, and now and then another word on an old one."""
        rows = []
        for number in range(self._dice.randint(1, 3)):
            contact = self._dice.choice(sorted(self._people))
            external, email = f"d{day}-{now:%H}-{number}", self._people[contact]["email"]
            self._given.append((external, email, now))
            rows.append(self._row(external, email, self._dice.choice((0, 3, 5, 6, 8, 10)), now))
            self.did["an answer comes in"] += 1
        recent = [each for each in self._given if timedelta(0) < now - each[2] < timedelta(days=6)]
        if recent and self._dice.random() < 0.35:
            external, email, _ = self._dice.choice(recent)
            rows.append(self._row(external, email, self._dice.choice((1, 4, 7, 9)), now))
            self.did["an answer changes"] += 1
        file = self._answers / f"day-{day:02}-{now:%H}.csv"
        file.write_text(HEADER + "".join(rows), encoding="utf-8")

    def _row(self, external: str, email: str, score: int, now: datetime) -> str:
        at = (now - timedelta(minutes=self._dice.randint(20, 200))).isoformat()
        return f"{external},{email},{score},Words of {external}.,{at},monthly\n"

    # ------------------------------------------------------------ technicians
    def handle(self, *, everything: bool = False) -> None:
        """Each open ticket of ours may get its technician; `everything`: each is closed by a person."""
        tickets = [t for t in self.control("records")["tickets"] if not t.get("closedFlag")]
        ours = [t for t in tickets if str(t.get("externalXRef") or "").startswith("nps-")]
        for ticket in ours:
            if everything:
                self._act("close", ticket["id"])
            elif self._dice.random() < 0.35:
                self._deed(ticket["id"], [t["id"] for t in ours if t["id"] != ticket["id"]])

    def _deed(self, ticket: int, others: list[int]) -> None:
        deeds = ["close"] * 5 + ["touch"] * 3 + ["auto_close", "delete", "move", "assign"] + ["merge"] * bool(others)
        deed = self._dice.choice(deeds)
        more: dict[str, Any] = {}
        if deed == "merge":
            more = {"into": self._dice.choice(others)}
        elif deed == "move":
            more = {"board": 10}
        elif deed == "assign":
            more = {"owner": self._dice.choice(("dave", "carol"))}
        self._act(deed, ticket, **more)

    def _act(self, deed: str, ticket: int, **more: Any) -> None:
        body = {"act": deed, "ticket": ticket, "by": self._dice.choice(COLLEAGUES), **more}
        answer = requests.post(f"{self._server.url}/control/technician", json=body, timeout=10)
        if answer.status_code == 200:  # another technician may have been faster
            words = {"auto_close": "closes itself", "close": "is closed", "touch": "is taken up", "merge": "is merged"}
            words |= {"delete": "is deleted", "move": "is moved to another board", "assign": "gets another owner"}
            self.did[f"a ticket {words[deed]}"] += 1

    def _edit(self, path: str, **members: Any) -> None:
        self.control("edit", {"path": path, "set": members})
