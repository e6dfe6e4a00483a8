"""`python -m tests.month [--days 30] [--seed N]`: the table of a month; exit 1 if something did not hold."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from connector import log
from tests.month.month import live, table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=20261122)
    given = parser.parse_args()
    log.configure(level="error")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="nps-month-") as folder:
        month = live(Path(folder), days=given.days, seed=given.seed)
    sys.stdout.write(table(month) + "\n")
    return 1 if month.wrong else 0


sys.exit(main())
