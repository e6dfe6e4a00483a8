"""A CRM in memory, for tests and demonstrations, and the smallest example of an adapter that serves every port."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field

from connector.adapters.memory.crm import MemoryCrm
from connector.domain import Facet
from connector.ports import AdapterSpec, Answer, Call, Context, Ports, Vault, Wire

WORLDS: dict[str, MemoryCrm] = {}
"""What `open` opens, by the name in the settings; an unknown name is a new, empty one."""


class MemorySettings(BaseModel):
    """Which of the worlds of this process."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    world: str = Field("default", min_length=1, description="Name of a MemoryCrm in this process.")

    @property
    def tenant(self) -> str:
        return f"memory/{self.world}"


class MemoryWire:
    """Carries nothing; there to call the guard before each effect, as a wire must."""

    def __init__(self, guard: Callable[[], None]) -> None:
        self._guard = guard

    def send(self, call: Call) -> Answer:
        if call.writes:
            self._guard()
        return Answer(status=200)


def _wire(_: MemorySettings, guard: Callable[[], None], _vault: Vault) -> Wire:
    return MemoryWire(guard)


def _open(settings: MemorySettings, context: Context) -> Ports:
    from connector.adapters.memory.reading import MemoryAnswers, MemorySource, MemoryWatch
    from connector.adapters.memory.undoing import MemoryUndo
    from connector.adapters.memory.writing import MemorySink

    crm = WORLDS.setdefault(settings.world, MemoryCrm())
    return Ports(
        source=MemorySource(crm, context),
        sink=MemorySink(crm, context),
        watch=MemoryWatch(crm),
        undo=MemoryUndo(crm, context),
        responses=MemoryAnswers(crm),
    )


SPEC = AdapterSpec(
    kind="memory",
    label="in-memory CRM (tests and demonstrations)",
    settings=MemorySettings,
    facets=frozenset(Facet),
    changes=frozenset(
        {"record_response", "open_ticket", "add_note", "create_task", "add_to_group", "set_field", "update_ticket"}
    ),
    catalogues=frozenset({"boards", "members"}),
    ticket_options=frozenset({"board", "priority"}),
    answers=True,
    wire=_wire,
    open=_open,
)

__all__ = ["SPEC", "WORLDS", "MemoryCrm", "MemorySettings", "MemoryWire"]
