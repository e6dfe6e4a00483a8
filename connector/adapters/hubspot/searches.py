"""Where a search ends that is asked for rows by rising id, each question beyond the last row of the one before.

https://developers.hubspot.com/docs/api-reference/search/guide: `limit` is the most that a page holds; nothing says that
only the last one is shorter.
"""

from __future__ import annotations

from connector.errors import UnavailableError


def is_last(shown: int, total: int | None, size: int, *, where: str) -> bool:
    """Whether nothing follows a page of `shown` rows: by the `total` of its question where that is told, else by its
    being shorter than the `size` asked for. Raises UnavailableError where rows are counted and none is shown."""
    if total is None:
        return shown < size
    if total > 0 and not shown:
        raise UnavailableError(f"POST {where}: it counts {total} rows and shows none, so some would be left out")
    return total <= shown
