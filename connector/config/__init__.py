"""The configuration: one YAML file, checked as a whole before anything acts.

`load(path, environ)` gives a `Config` or raises a ConfigError with every problem, each with its place and
remedy.
"""

from connector.config.compose import Connection
from connector.config.load import load, load_text, restore
from connector.config.loaded import Config
from connector.config.places import places
from connector.config.settings import Answers, Limits, Rehearsal, Storage

__all__ = [
    "Answers", "Config", "Connection", "Limits", "Rehearsal", "Storage", "load", "load_text", "places", "restore",
]  # fmt: skip
