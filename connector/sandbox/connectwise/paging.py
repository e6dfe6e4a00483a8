"""Cut a page out of the ids found, and say in the Link header where the next one is (facts 2)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from urllib.parse import quote

from connector.sandbox.http import Request

from .readings import Readings
from .refusals import refuse

DEFAULT_SIZE, LARGEST_SIZE = 25, 1000


def is_forward_only(request: Request, readings: Readings) -> bool:
    asked = request.headers.get("pagination-type", "").strip().lower() == "forward-only"
    return asked and readings["forward_only_served"] == "yes"


def order_asked(request: Request, readings: Readings) -> str:
    """Return the orderBy that counts; forward-only pages are always sorted by id."""
    order = request.query.get("orderby", "")
    if order and is_forward_only(request, readings):
        if readings["order_by_with_forward_only"] == "error":
            raise refuse(400, "InvalidQuery", "orderBy is not supported with forward-only pagination.")
        return "id"
    return "id" if is_forward_only(request, readings) else order


def page(request: Request, found: Sequence[int], readings: Readings) -> tuple[int, int, dict[str, str]]:
    """Return the first place, the place after the last, and the headers of the page asked for."""
    size = _size(request, readings)
    if is_forward_only(request, readings):
        return _forward(request, found, size, readings["forward_only_last_link"])
    number = max(1, _whole(request, "page", 1))
    start = (number - 1) * size
    last = max(1, -(-len(found) // size))
    links = {}
    if number > 1:
        links["prev"], links["first"] = number - 1, 1
    if number < last:
        links["next"] = number + 1
    links["last"] = last
    headers = {"Link": ", ".join(_link(request, rel, size, "page", n) for rel, n in links.items())}
    if last == 1 and readings["link_on_single_page"] == "absent":
        headers = {}
    return start, start + size, headers


def _forward(request: Request, found: Sequence[int], size: int, last_link: str) -> tuple[int, int, dict[str, str]]:
    start = bisect_right(found, _whole(request, "pageid", 0))
    end = min(start + size, len(found))
    more = end < len(found)
    if more or (last_link == "until_empty_page" and end > start):
        return start, end, {"Link": _link(request, "next", size, "pageId", found[end - 1])}
    return start, end, {} if last_link == "absent" else {"Link": ""}


def _size(request: Request, readings: Readings) -> int:
    size = _whole(request, "pagesize", DEFAULT_SIZE)
    if size > LARGEST_SIZE:
        if readings["page_size_over_1000"] == "error":
            raise refuse(400, "InvalidQuery", "pageSize must not be greater than 1000.")
        return LARGEST_SIZE
    return size if size > 0 else DEFAULT_SIZE


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        raise refuse(400, "InvalidQuery", f"{name} is not a whole number.") from None


def _link(request: Request, rel: str, size: int, name: str, value: int) -> str:
    kept = {key: text for key, text in request.query.items() if key not in ("page", "pageid", "pagesize")}
    query = {**kept, "pageSize": str(size), name: str(value)}
    text = "&".join(f"{key}={quote(word, safe='')}" for key, word in query.items())
    return f'<{request.base_url}{request.path}?{text}>; rel="{rel}"'
