"""nps-connector: clean contacts in, answers and follow-up tickets out, each written once."""

__version__ = "0.1.0"
