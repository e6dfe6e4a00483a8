"""Where something stands in the file that a Config was read from, for what is found wrong only later."""

from __future__ import annotations

from connector.config.loaded import Config
from connector.config.source import Source, read


def places(config: Config) -> Source:
    """The file, read again for its lines and columns: `places(config).problem(("rules", 0, "then"), "…")`."""
    return read(config.path)
