"""One log line for each notice. Subject and key always; the text, which holds a customer's words, only at debug."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connector import log
from connector.domain import EffectClass, Notify, Receipt, WriteBack
from connector.errors import ConnectorError, RejectedError
from connector.ports import Call, Context, Outcome, in_hand


class LogSink:
    """Raises only what the wire does (LeaseLostError). A receipt's record id is the key, which stands in the line."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def effect_class(self, kind: str) -> EffectClass:  # noqa: ARG002  the port's signature
        return EffectClass.UNKEYED

    def grace(self) -> float:
        return 0.0

    def apply(self, write_backs: Sequence[WriteBack]) -> Iterator[Outcome]:
        """One outcome each, in order; whatever is no notice is rejected."""
        for write_back in write_backs:
            change = write_back.change
            if not isinstance(change, Notify):
                yield Outcome(
                    key=write_back.key, result=RejectedError(f"a log cannot {write_back.kind}; it only takes notify")
                )
                continue
            self._context.wire.send(Call(method="LOG", path=f"/{write_back.key}"))
            try:
                logger = log.get(connection=self._context.connection)
                logger.info("notice", subject=change.subject, key=write_back.key)
                logger.debug("notice text", text=change.text, key=write_back.key)
            except Exception as bug:
                yield Outcome(key=write_back.key, result=in_hand(bug))
                raise
            yield Outcome(
                key=write_back.key, result=Receipt(key=write_back.key, record_id=write_back.key, record_type="log")
            )

    def find(self, write_backs: Sequence[WriteBack]) -> Mapping[str, Receipt | ConnectorError]:  # noqa: ARG002  the port's
        """Nothing: a log cannot be asked."""
        return {}
