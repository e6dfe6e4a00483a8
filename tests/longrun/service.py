"""The command line as a process, started by module so that no installed script is needed."""

from __future__ import annotations

import sys

from connector.cli import main

if __name__ == "__main__":
    sys.exit(main.run(["run", *sys.argv[1:]]))
