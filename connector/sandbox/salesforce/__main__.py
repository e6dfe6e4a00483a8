"""`python -m connector.sandbox.salesforce`: the stand-in as a process."""

from .run import main

main()
