"""Pages of rows, each once, resumable, a bounded number of them read ahead."""

from connector.adapters.paging.abreast import MOST, abreast
from connector.adapters.paging.ahead import Steps, follow, look_ahead
from connector.adapters.paging.keyset import Batch, Fetched, keyset
from connector.adapters.paging.link import next_number
from connector.adapters.paging.reader import Reader

__all__ = ["MOST", "Batch", "Fetched", "Reader", "Steps", "abreast", "follow", "keyset", "look_ahead", "next_number"]
