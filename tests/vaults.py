"""Vaults for tests: one that keeps nothing, and one that forgets with the process."""

from __future__ import annotations


class NoVault:
    """Where no adapter should keep anything; one that does fails the test."""

    def get(self, name: str) -> str | None:
        return None

    def put(self, name: str, secret: str) -> None:
        raise AssertionError(f"{name} was put into a vault")


class MemoryVault:
    """Keeps in memory what was put; `put_last` names what came last, for a test that looks at the order."""

    def __init__(self, **secrets: str) -> None:
        self.secrets = dict(secrets)
        self.puts: list[str] = []

    def get(self, name: str) -> str | None:
        return self.secrets.get(name)

    def put(self, name: str, secret: str) -> None:
        self.puts.append(name)
        self.secrets[name] = secret
