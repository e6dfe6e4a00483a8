"""`python -m connector.sandbox.hubspot`: the stand-in as a process."""

from .run import main

main()
