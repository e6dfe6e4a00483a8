"""Notices by mail. Not repeatable: no mail server says later whether a mail arrived."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from connector import log
from connector.adapters.smtp.message import message, recipients
from connector.adapters.smtp.settings import SmtpSettings, address
from connector.domain import EffectClass, Notify, Receipt, WriteBack
from connector.errors import ConnectorError, OutcomeUnknownError, RejectedError, UnavailableError
from connector.ports import Call, Context, Outcome, in_hand


class SmtpSink:
    """One mail for each notice. Where a server refuses some recipients for good, the others still get it, and the
    refusals are logged; where it refuses all, the notice is rejected or, if a refusal may pass, tried again later."""

    def __init__(self, settings: SmtpSettings, context: Context) -> None:
        self._settings, self._context = settings, context

    def effect_class(self, kind: str) -> EffectClass:  # noqa: ARG002  the port's signature
        return EffectClass.UNKEYED

    def grace(self) -> float:
        return 0.0

    def apply(self, write_backs: Sequence[WriteBack]) -> Iterator[Outcome]:
        """One outcome each, in order. Notices that are refused for now get none; the rest is sent, then it raises."""
        later: UnavailableError | None = None
        for write_back in write_backs:
            try:
                yield Outcome(key=write_back.key, result=self._sent(write_back))
            except _LaterError as error:
                later = error
            except (RejectedError, OutcomeUnknownError) as error:
                yield Outcome(key=write_back.key, result=error)
            except ConnectorError:
                raise
            except Exception as bug:
                yield Outcome(key=write_back.key, result=in_hand(bug))
                raise
        if later is not None:
            raise UnavailableError(str(later))

    def find(self, write_backs: Sequence[WriteBack]) -> Mapping[str, Receipt | ConnectorError]:  # noqa: ARG002  the port's
        """Nothing: a mail server cannot be asked."""
        return {}

    def _sent(self, write_back: WriteBack) -> Receipt:
        change = write_back.change
        if not isinstance(change, Notify):
            raise RejectedError(f"mail cannot {write_back.kind}; it only takes notify")
        if not change.to:
            raise RejectedError("the notice names no recipient; add to: [name@example.com]")
        try:
            to = recipients(change)
            body, number = message(change, key=write_back.key, sender=self._settings.from_, now=self._context.now())
        except ValueError as error:
            raise RejectedError(f"a recipient is no address: {error}") from None
        sender = address(self._settings.from_).addr_spec
        headers = (("from", sender), ("to", " ".join(to)))
        answer = self._context.wire.send(Call(method="MAIL", path="/", headers=headers, body=body))
        if answer.status != 250:
            words = answer.body.decode("utf-8", "replace")[:300]
            if 400 <= answer.status < 500:
                raise _LaterError(f"mail for {write_back.key} is refused for now: {answer.status} {words}")
            raise RejectedError(f"the mail server refuses: {answer.status} {words}", status=answer.status)
        for recipient, refusal in json.loads(answer.body or b"{}").items():
            log.get(connection=self._context.connection).warning(
                "mail refused for one recipient", key=write_back.key, recipient=recipient, refusal=refusal
            )
        return Receipt(key=write_back.key, record_id=number, record_type="mail")


class _LaterError(UnavailableError):
    """This mail only, and only for now."""
