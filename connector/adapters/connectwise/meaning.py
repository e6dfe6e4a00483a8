"""What ConnectWise says when it refuses, and what that means.

Developer guide, "Errors": https://developer.connectwise.com/Best_Practices/Manage_API_Error_Codes
"""

from __future__ import annotations

import json

from connector.adapters.transport import MEANING, Meaning, Words
from connector.adapters.transport.meaning import one_line
from connector.errors import AuthError, ConnectorError, ContractError
from connector.ports import Answer

CONNECTWISE_MEANING: Meaning = {
    **MEANING,
    (400, "Security"): AuthError,  # "SSL is required.": the host without api-
    (404, "Security"): AuthError,
    405: ContractError,
    415: ContractError,
    (400, "InvalidPatch"): ContractError,
}
CONNECTWISE_REMEDIES = {
    401: "are company, keys and client_id those of an API member that is active?",
    403: "the API member's security role lacks the right to this",
}


def words(answer: Answer) -> Words:
    """Code, message and each field's own complaint. The 429 body has the key `error` where others have `code`."""
    request_id = one_line(answer.headers.get("x-cw-request-id", ""), cap=80)
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return Words(request_id=request_id)
    said = [one_line(body.get("message"))]
    errors = body.get("errors")
    missing = []
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict):
            if error.get("code") == "MissingRequiredField" and (field := one_line(error.get("field"), cap=60)):
                missing.append(field)
            where = one_line(error.get("field"), cap=60)
            what = one_line(error.get("message")) or one_line(error.get("code"))
            said.append(f"{where}: {what}" if where else what)
    return Words(
        code=one_line(body.get("code") or body.get("error"), cap=60),
        message=one_line("; ".join(part for part in said if part)),
        request_id=request_id,
        missing=tuple(missing),
    )


def is_missing(error: ConnectorError) -> bool:
    """Whether a RejectedError says that the record is not there."""
    return getattr(error, "status", 0) == 404
