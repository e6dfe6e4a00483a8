"""The record of an Attempt: written while it runs, read again, replayed and compared, and copied without people.

`record` is what a story speaks to while it runs; `journal` and `frames` are the file; `recorded` reads one again,
`replay` runs the story on it, `compared` tells what differs; `pseudonyms` and `anonymous` make a copy without people.
"""
