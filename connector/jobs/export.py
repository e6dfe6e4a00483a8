"""What is stored of one person, as one document for them: plain names, and where each thing came from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.errors import ConnectorError
from connector.jobs.forget import Found, files
from connector.jobs.forget.erasing import Erasing
from connector.jobs.forget.traces import Traces
from connector.jobs.records.journal import read_lines
from connector.jobs.retention import JOURNALS
from connector.jobs.runtime import Runtime
from connector.store import person
from connector.store.erase import Stored

SOURCES = {
    "contact": ("contacts", "copied from the CRM by connector pull, with what the program judged of it"),
    "membership": ("marketing groups", "copied from the CRM by connector pull"),
    "person_link": ("earlier links", "made by the program: contacts once taken for the same person"),
    "merged_contact": ("merged contacts", "told by the CRM: which contact was merged into which"),
    "decision": ("decisions", "made by the program: whether to be asked in a plan, and why not"),
    "suppression": ("opt-outs kept here", "by connector suppress, or from a former tool"),
    "asking": ("times asked", "from a former tool, or from answers taken in"),
    "bounce": ("bounces", "addresses that did not take mail, from a former tool"),
    "response": ("answers", "from files of answers, or from a survey tool"),
    "write_back": ("written to other systems", "made by the rules of the configuration upon an answer"),
    "waiting": ("waiting to be written to other systems", "made by the rules of the configuration upon an answer"),
    "unsure": ("perhaps written to other systems", "made by the rules; no answer of the other system is known yet"),
    "unwritten": ("not written to other systems", "made by the rules, then refused, discarded or given up"),
    "job": ("rehearsals", "by connector rehearse: an answer in their name that nobody gave"),
    "receipt": ("where it was written", "the other systems' word on what was written"),
    "undo": ("taken back", "made by the program: what connector undo took back in the other systems"),
    "hint": ("hints of a change", "told by the CRM, kept until the next connector pull has looked"),
    "follow_up": ("follow-up", "read back from the tickets in the CRM"),
}
"""Table → (its name for people, its source)."""

_STATES = {"applied": "write_back", "sending": "unsure", "unknown": "unsure", "waiting": "waiting"}


def document(runtime: Runtime, found: Found) -> dict[str, Any]:
    """Everything about the person: from the store, and the records and copies in which they stand."""
    with runtime.store.read() as tx:
        stored = _by_state(person.rows(tx, found.stored))
    parts = {
        SOURCES.get(table, (table, ""))[0]: {"source": SOURCES.get(table, ("", "made by the program"))[1], "rows": rows}
        for table, rows in stored.items()
    }
    return {
        "about": found.address,
        "made_at": runtime.now(),
        "stored": parts,
        "records": {
            "source": "requests and answers of the program's jobs, kept for storage.keep_exchanges",
            "files": list(_records(runtime, found.stored)),
        },
        "copies_of_the_database": files.copies(runtime),
        "in_other_systems": [
            {"connection": each.connection, "what": each.record_type.replace("_", " "), "id": each.record_id,
             "link": each.link} | ({"fields": list(each.fields)} if each.fields else {})
            for each in found.in_crm
        ],
    }  # fmt: skip


def _by_state(stored: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Write-backs by what became of them: only applied ones were written for sure."""
    made = dict(stored)
    for row in made.pop("write_back", ()):
        made.setdefault(_STATES.get(row["state"], "unwritten"), []).append(row)
    return made


def _records(runtime: Runtime, stored: Stored) -> Iterator[str]:
    """The records in which the person stands."""
    traces = Traces(stored.addresses)
    for contact in stored.contacts:
        traces.add_contact(contact)
    erasing = Erasing(b"only looks", traces, stored)
    for path in sorted((runtime.data / JOURNALS).rglob("*.jsonl.zst")):
        try:
            if any(erasing.changes(line) for line in read_lines(path)):
                yield path.relative_to(runtime.data).as_posix()
        except ConnectorError:
            yield f"{path.relative_to(runtime.data).as_posix()} (damaged: not searched)"
