"""`connector export`"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from connector.cli import common
from connector.cli.output import facts, say


def export(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="An address of the person.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Default: nps-export-DATE.json.", show_default=False)
    ] = None,
) -> None:
    """Write all that is stored of a person into one JSON file, each part with its source: the answer to their request.

    It holds personal data, of this person alone; only you can read the file. Leaves with 1 where nothing is stored.

    Example: connector export ann@example.com --out ann.json
    """
    from connector.jobs import export as exporting
    from connector.jobs import forget

    with common.opened(effects=False) as runtime:
        found = forget.find(runtime, email)
        document = msgspec.to_builtins(exporting.document(runtime, found), str_keys=True)
        if not document["stored"] and not document["records"]["files"]:
            say("nothing is stored of this person")
            facts({"file": None, "stored": {}})
            common.leave(1)
        target = out or Path(f"nps-export-{runtime.now():%Y%m%d-%H%M%S}.json")
        if target.exists():
            common.wrong(f"{target}: is there already; write another name")
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file, ensure_ascii=False, indent=1)
            file.write("\n")
        counts = {name: len(part["rows"]) for name, part in document["stored"].items()}
        said = ", ".join(f"{name} {count}" for name, count in counts.items())
        say(f"{target}: {said}; in {len(document['records']['files'])} records")
        if found.others:
            say(
                f"notice: {len(found.others) + 1} people have this address, and all are in it; "
                "look before you hand it over"
            )
        facts({"file": str(target), "stored": counts, "records": len(document["records"]["files"]),
               "others": len(found.others)})  # fmt: skip
