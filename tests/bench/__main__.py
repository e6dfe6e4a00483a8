"""`make bench`: the speed and the calls, measured here and now, against the figures promised. Exit 1 if one is missed.

Each figure comes from a process of its own against a stand-in CRM in another process on this machine; recording is on.
Beside each stands the ten-minute script (a `requests` loop into sqlite3 that only loads). `--crm` measures one.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from tests.bench.shared import Check, Options, help_check, say

CRMS = ("connectwise", "hubspot", "salesforce")


def main() -> int:
    usual = Options()
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--crm", choices=CRMS, action="append", help="one CRM; more than once for several; usually all")
    parser.add_argument("--contacts", type=int, default=usual.contacts)
    parser.add_argument(
        "--million", type=int, default=usual.million, help="contacts of ConnectWise's memory run; 0 leaves it out"
    )
    parser.add_argument("--runs", type=int, default=usual.runs, help="runs of each CPU figure; the middle ratio counts")
    given = parser.parse_args()
    options = Options(contacts=given.contacts, million=given.million, runs=given.runs)
    checks = [help_check()]
    for crm in given.crm or CRMS:
        for check in import_module(f"tests.bench.{crm}").checks(options):
            named = Check(
                what=f"{crm}: {check.what}", measured=check.measured, promised=check.promised, kept=check.kept
            )
            say(str(named))
            checks.append(named)
    say("")
    for check in checks:
        say(str(check))
    return 0 if all(check.kept for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
