"""Pages of rows, each once, resumable, with one page of look-ahead."""

from connector.adapters.paging.abreast import MOST, abreast
from connector.adapters.paging.ahead import Steps, follow, look_ahead
from connector.adapters.paging.keyset import Batch, Fetched, keyset
from connector.adapters.paging.link import next_number

__all__ = ["MOST", "Batch", "Fetched", "Steps", "abreast", "follow", "keyset", "look_ahead", "next_number"]
