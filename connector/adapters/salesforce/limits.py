"""How much of the org's daily API requests is used, and the fuse that leaves the rest to others.

Every answer says it in the header Sforce-Limit-Info, in several forms:
`api-usage=10018/100000`, `api-usage=25/5000; api-bursts=1/750; per-app-api-usage=17/250(appName=x)`.
https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm
"""

from __future__ import annotations

import re
import threading

from connector.errors import FuseError
from connector.ports import Answer, Call, Wire

HEADER = "sforce-limit-info"
_AMPLE = 1000
_USAGE = re.compile(r"(?:^|[;,\s])api-usage\s*=\s*(\d{1,12})\s*/\s*(\d{1,12})", re.IGNORECASE)


def usage(answer: Answer) -> tuple[int, int] | None:
    """(used, allowed) of the org's rolling day; None where the answer does not say."""
    found = _USAGE.search(answer.headers.get(HEADER, ""))
    if found is None or not int(found.group(2)):
        return None
    return int(found.group(1)), int(found.group(2))


class MeteredWire:
    """Carries calls by another wire as long as the shares allow; what answers say of the quota decides, so a replay
    decides the same. The first call always goes: before it nobody knows."""

    def __init__(self, inner: Wire, *, place: str, share: int, share_per_run: int) -> None:
        self._inner, self._place = inner, place
        self._share, self._share_per_run = share, share_per_run
        self._known: tuple[int, int] | None = None
        self._calls = 0
        self._lock = threading.Lock()

    @property
    def used(self) -> tuple[int, int] | None:
        """(used, allowed) as the last answer said."""
        return self._known

    @property
    def ample(self) -> bool:
        """Whether so much is left that no fuse is near: what two threads do may then come in any order."""
        if self._known is None:
            return True
        used, allowed = self._known
        left = allowed * self._share // 100 - used, allowed * self._share_per_run // 100 - self._calls
        return min(left) > _AMPLE

    def send(self, call: Call) -> Answer:
        """Raises FuseError before the call leaves where a share is used up."""
        with self._lock:
            self._heed()
            self._calls += 1
        answer = self._inner.send(call)
        known = usage(answer)
        if known is not None:
            with self._lock:
                self._known = known
        return answer

    def _heed(self) -> None:
        if self._known is None:
            return
        used, allowed = self._known
        if used * 100 >= allowed * self._share:
            raise FuseError(
                f"{self._place}: {used:,} of the org's {allowed:,} daily API requests are used, {self._share} % are "
                f"allowed here (share_of_quota). Nothing more is asked; requests older than 24 hours free their "
                "place by themselves. Who uses them: Setup, Company Information, API Requests"
            )
        if self._calls * 100 >= allowed * self._share_per_run:
            raise FuseError(
                f"{self._place}: this job has made {self._calls:,} calls, {self._share_per_run} % of the org's "
                f"{allowed:,} daily API requests (share_of_quota_per_run). What is done is kept; the next run goes on"
            )
