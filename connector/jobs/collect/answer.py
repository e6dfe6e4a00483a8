"""What a row of answers says: the connection it belongs to, the Response it makes, and what makes it a revision."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connector import registry
from connector.config import Config
from connector.domain import Response
from connector.errors import RejectedError
from connector.jobs import matching
from connector.log import mask
from connector.ports import RawAnswer

BESIDE = ("email", "campaign", "wave", "channel")
"""What a source may say otherwise without saying another answer: kept as said last, and no rule runs for it."""


def crm_connection(config: Config, named: str | None) -> str:
    """The CRM connection that answers belong to: the one named, the file's default, or the only one there is.

    Raises RejectedError with what to write where.
    """
    sources = [name for name, c in config.connections.items() if registry.spec(c.kind).facets]
    named = named or config.answers.connection
    if named:
        if named not in sources:
            raise RejectedError(f'no CRM connection "{named}"; there are: {", ".join(sources)}')
        return named
    if len(sources) == 1:
        return sources[0]
    raise RejectedError("which connection? Add a column connection, or answers.connection to the configuration")


def when(answer: RawAnswer) -> datetime:
    """When the answer was given."""
    return datetime.fromisoformat(answer.values["responded_at"])


def response_of(
    answer: RawAnswer,
    connection: str,
    source: str,
    campaign: str,
    at: datetime,
    matched: matching.Matched,
    now: datetime,
) -> Response:
    """The Response of a row; address, wave and channel that it leaves out stay as the former revision has them."""
    values, contact, old = answer.values, matched.contact, matched.existing
    return Response(
        key=matched.key,
        connection=connection,
        source=source,
        external_id=values.get("external_id", ""),
        score=int(values["score"]),
        responded_at=at,
        received_at=now,
        comment=values.get("comment", ""),
        contact_id=contact.id if contact else None,
        company_id=contact.company_id if contact else None,
        person_id=matched.person_id,
        email=values.get("email") or (old.email if old else ""),
        campaign=campaign,
        wave=values.get("wave") or (old.wave if old else ""),
        channel=values.get("channel") or (old.channel if old else ""),
        revision=old.revision + 1 if old else 1,
    )


def said(response: Response) -> tuple[object, ...]:
    """What makes a changed answer, a revision: the answer itself, and on which connection it is to be recorded."""
    return response.connection, response.score, response.comment, response.responded_at


def taken_by_another(old: Response, values: Mapping[str, str]) -> RejectedError:
    """The error for a row whose id an answer of somebody else has; addresses are masked."""
    whose = f"contact {old.contact_id}" if old.contact_id else mask(old.email)
    called = f'external_id "{values["external_id"][:60]}"' if values.get("external_id") else "this contact and time"
    return RejectedError(
        f"{called} is that of an answer of somebody else ({whose}, answered {old.responded_at.isoformat()}, taken "
        f"{old.received_at.isoformat(timespec='seconds')}), which stays; make external_id unique over all files, "
        "such as by the tool's name before it, or leave it out"
    )
