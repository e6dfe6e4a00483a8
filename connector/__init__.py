"""nps-connector: clean contacts in, answers and follow-up tickets out, each effect exactly once."""

__version__ = "0.1.0"
