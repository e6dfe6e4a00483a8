"""One measurement in a process of its own; prints one JSON line. Not for use by hand: see `tests.bench`."""

from __future__ import annotations

import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path


def main() -> None:
    crm, what, login, *more = sys.argv[1:]
    children = import_module(f"tests.bench.{crm}").CHILDREN
    with tempfile.TemporaryDirectory() as folder:
        measured = children[what](json.loads(login), Path(folder), *more)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
