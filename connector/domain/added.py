"""How a noun grows: the mark of a field that came later."""

from __future__ import annotations

ADDED = {"added": True}
"""Marks a field that earlier versions did not have: journals leave it out while it has its default, so that theirs,
which never knew it, still replay without a difference."""
