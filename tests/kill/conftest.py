"""How many kills there were is told at the end of the run."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    kills = sum(int(str(value)) for report in reports for name, value in report.user_properties if name == "kills")
    if kills:
        terminalreporter.write_line(f"{kills} kills")
