"""The wire that worlds of tests put between an adapter and its CRM."""

from __future__ import annotations

from connector.ports import Answer, Call, Wire


class RecordingWire:
    """Keeps every exchange that passes; from `refuses_after` writes on, each is refused as one too many."""

    def __init__(self, inner: Wire) -> None:
        self.inner = inner
        self.exchanges: list[tuple[Call, Answer]] = []
        self.refuses_after: int | None = None

    def send(self, call: Call) -> Answer:
        answer = self._refused(call) or self.inner.send(call)
        self.exchanges.append((call, answer))
        return answer

    @property
    def calls(self) -> list[str]:
        return [f"{call.method} {call.path}" for call, _ in self.exchanges]

    def _refused(self, call: Call) -> Answer | None:
        if not call.writes or self.refuses_after is None:
            return None
        self.refuses_after -= 1
        return Answer(status=429, headers={"retry-after": "30"}, body=b"") if self.refuses_after < 0 else None
