"""setup: the custom fields that rules and adapter need → created in the CRM where they are not, if a person says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import structlog

from connector.config import Config
from connector.errors import RejectedError
from connector.jobs.live import open_live
from connector.jobs.records.record import Record
from connector.ports import FieldSetup, FieldState, NeededField
from connector.rules.actions import FieldCaptions

HOLDS = {"score": "number", "band": "text", "responded_at": "text", "comment": "long text"}
log = structlog.get_logger()


def needed(config: Config, connection: str) -> list[NeededField]:
    """Each custom field once that a rule for this connection writes to, contacts first, by caption."""
    found: dict[tuple[str, str], NeededField] = {}
    rules: dict[tuple[str, str], list[str]] = {}
    for rule in config.rules:
        for action in rule.then:
            meant = (action.at,) if action.at else rule.when.connection
            if meant and connection not in meant:
                continue
            for each in _of_action(action.record_response, action.set_field):
                place = (each.on, each.caption.strip().casefold())
                found.setdefault(place, each)
                if rule.id not in rules.setdefault(place, []):
                    rules[place].append(rule.id)
    order = sorted(found, key=lambda place: (place[0] != "contact", place[1]))
    return [replace(found[place], why=", ".join(rules[place])) for place in order]


def look(config: Config, connection: str) -> list[FieldState] | None:
    """How they stand now, read live outside of any Job; None where nothing can be set up there."""
    port = open_live(config, connection).setup
    return None if port is None else port.states([*port.needs(), *needed(config, connection)])


def setup(record: Record, config: Config, connection: str, port: FieldSetup) -> dict[str, Any]:
    """Create those of `create` (pairs of record and caption) in the parameters that are not there yet."""
    counts: Counter[str] = Counter()
    wanted = {(on, caption) for on, caption in record.params.get("create", ())}
    refused: list[str] = []
    for each in (*port.needs(), *needed(config, connection)):
        if (each.on, each.caption) not in wanted:
            continue
        before = port.states([each])[0]
        if before.exists:
            counts["already_there"] += 1
            record.emit("field", [before])
            continue
        try:
            state = port.create(each)
        except RejectedError as error:
            counts["rejected"] += 1
            refused.append(f'"{each.caption}": {error}')
            record.emit("field", [[each.caption, str(error)]])
            log.warning("field_not_created", caption=each.caption, why=str(error))
            continue
        counts["created"] += 1
        record.emit("field", [state])
        log.info("field_created", caption=each.caption, type=state.type)
    return {**counts, **({"why": refused} if refused else {})}


def _of_action(recorded: Any, single: Any) -> Iterable[NeededField]:
    if recorded is not None:
        captions: FieldCaptions = recorded.fields
        for name, caption in captions:
            if caption:
                yield NeededField(on="contact", caption=caption, holds=HOLDS[name])
    if single is not None:
        yield NeededField(on=single.on, caption=single.field, holds="text")
        if single.responded_at:
            yield NeededField(on=single.on, caption=single.responded_at, holds="text")
