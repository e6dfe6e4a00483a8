"""`python -m connector.sandbox.connectwise`: the stand-in as a process."""

from .run import main

main()
