"""Pages of rows, each once, resumable, with one page of look-ahead."""

from connector.adapters.paging.ahead import Steps, look_ahead
from connector.adapters.paging.keyset import Batch, Fetched, keyset
from connector.adapters.paging.link import next_number

__all__ = ["Batch", "Fetched", "Steps", "keyset", "look_ahead", "next_number"]
