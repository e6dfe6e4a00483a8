"""A month of an MSP in simulated time, against the stand-in PSA over HTTP: `python -m tests.month` prints its table."""
