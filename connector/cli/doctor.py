"""`connector doctor`"""

from __future__ import annotations

import os

from connector.cli import common
from connector.cli.output import facts, say


def doctor() -> None:
    """Say what is wrong with configuration, machine, database and work, each with the next command.

    Reads only, asks no CRM, and works with a broken configuration as far as that goes. Leaves with 0 when nothing is
    to be done, else with 5.

    Example: connector doctor
    """
    from connector.jobs.doctor import Severity, examine

    common.start_log()
    path = common.config_path()
    found = examine(path, os.environ)
    for finding in found:
        say(f"{finding.severity:<6} {finding.place}: {finding.what}", f"       → {finding.remedy}")
    to_do = [finding for finding in found if finding.severity is not Severity.NOTE]
    if not to_do:
        say("nothing is wrong")
    facts({"findings": [finding._asdict() for finding in found], "well": not to_do})
    common.leave(5 if to_do else 0)
