"""The commands: thin; parse, call, print, exit code."""
