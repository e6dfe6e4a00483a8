"""Files of history for `connector history import`: who was asked, scored, opted out or bounced before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from connector.adapters.folder import columns
from connector.adapters.folder.columns import HISTORY_COLUMNS, WrongError
from connector.adapters.folder.rows import Remark, raw_rows
from connector.ports import BadRow, HistoryKind, HistoryRow

_ALSO = {
    "sent": "asked", "invited": "asked", "survey": "asked", "answered": "score", "response": "score",
    "optout": "opt_out", "unsubscribed": "opt_out", "unsubscribe": "opt_out", "bounced": "bounce",
}  # fmt: skip
_DATED = (HistoryKind.ASKED, HistoryKind.SCORE)


def read_history(path: Path, *, zone: str = "", remark: Remark | None = None) -> Iterator[HistoryRow | BadRow]:
    """The rows of one file, in order. Raises OSError where it cannot be opened."""
    for line, values in raw_rows(path, HISTORY_COLUMNS, remark):
        place = f"{path.name}:{line}"
        try:
            if isinstance(values, WrongError):
                raise values
            yield _judged(place, values, zone)
        except WrongError as error:
            yield BadRow(place=place, why=str(error))


def _judged(place: str, values: Mapping[str, str], zone: str) -> HistoryRow:
    plain = {column: values.get(column, "").strip() for column in HISTORY_COLUMNS}
    kind = _kind(plain["kind"])
    columns.someone(plain["contact_id"], plain["email"])
    at = columns.moment(plain["at"], zone, "at") if plain["at"] or kind in _DATED else None
    return HistoryRow(
        place=place,
        kind=kind,
        email=plain["email"],
        contact_id=plain["contact_id"],
        at=at,
        score=columns.score(plain["score"]) if kind is HistoryKind.SCORE else None,
        comment=values.get("comment", ""),
        campaign=plain["campaign"],
        reason=plain["reason"],
    )


def _kind(text: str) -> HistoryKind:
    word = text.lower().replace("-", "_").replace(" ", "_")
    try:
        return HistoryKind(_ALSO.get(word, word))
    except ValueError:
        known = ", ".join(HistoryKind)
        raise WrongError(f'kind "{text[:20]}" is none of {known}' if text else f"kind is missing: {known}") from None
