"""Rules: from one response and what is known about it to the write-backs that shall follow."""
