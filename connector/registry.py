"""Adapter kinds as strings; the only module that names adapters, and it imports none until one is used.

Outside packages register by the entry-point group `nps_connector.adapters`: the entry's name is the kind, its value a
module that has a `SPEC`, or the `AdapterSpec` itself. A built-in kind always wins over an outside one of its name.
"""

from __future__ import annotations

import difflib
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from connector.errors import ConfigError
from connector.ports import AdapterSpec

GROUP = "nps_connector.adapters"
BUILT_IN: dict[str, str] = {
    "connectwise": "connector.adapters.connectwise",
    "hubspot": "connector.adapters.hubspot",
    "salesforce": "connector.adapters.salesforce",
    "memory": "connector.adapters.memory",
    "folder": "connector.adapters.folder",
    "smtp": "connector.adapters.smtp",
    "log": "connector.adapters.log",
}


def spec(kind: str) -> AdapterSpec:
    """The adapter of this kind, imported now if it was not yet. Raises ConfigError with what to write or install."""
    if kind in BUILT_IN:
        return _checked(kind, _imported(kind), BUILT_IN[kind])
    outside = _outside().get(kind, [])
    if len(outside) > 1:
        packages = ", ".join(sorted(_package(entry) for entry in outside))
        raise ConfigError(f'adapter "{kind}" comes from several packages ({packages}); uninstall all but one')
    if outside:
        return _checked(kind, _loaded(outside[0]), f"{outside[0].value} ({_package(outside[0])})")
    raise ConfigError(f'unknown adapter "{kind}"; {_hint(kind)}')


def kinds() -> list[str]:
    """Every kind that `spec` knows, sorted; imports no adapter."""
    return sorted({*BUILT_IN, *_outside()})


def remarks() -> list[str]:
    """Plain sentences about outside packages that are not used because they take the name of a built-in kind."""
    return [
        f'package {_package(entry)} offers an adapter "{kind}"; the built-in one is used'
        for kind, entries in sorted(_entries().items())
        if kind in BUILT_IN
        for entry in entries
    ]


def _entries() -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=GROUP):
        same = found.setdefault(entry.name, [])
        if all((entry.value, _package(entry)) != (other.value, _package(other)) for other in same):
            same.append(entry)
    return found


def _outside() -> dict[str, list[EntryPoint]]:
    return {kind: entries for kind, entries in _entries().items() if kind not in BUILT_IN}


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value.partition(":")[0]


def _imported(kind: str) -> object:
    try:
        return import_module(BUILT_IN[kind])
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing == BUILT_IN[kind]:
            raise ConfigError(f'adapter "{kind}" is not part of this installation; {_hint(kind)}') from error
        if missing.split(".")[0] == "connector":
            raise  # a bug of ours, not something an admin can install
        raise ConfigError(
            f'adapter "{kind}" needs the package {missing}; pip install "nps-connector[{kind}]"'
        ) from error


def _loaded(entry: EntryPoint) -> object:
    try:
        return entry.load()
    except Exception as error:  # foreign code: whatever it raises, the admin needs to know which package
        raise ConfigError(
            f'adapter "{entry.name}" of package {_package(entry)} cannot be loaded ({type(error).__name__}); '
            "update or uninstall that package"
        ) from error


def _checked(kind: str, loaded: object, place: str) -> AdapterSpec:
    found = loaded if isinstance(loaded, AdapterSpec) else getattr(loaded, "SPEC", None)
    if not isinstance(found, AdapterSpec):
        raise ConfigError(f'adapter "{kind}": {place} has no SPEC')
    if found.kind != kind:
        raise ConfigError(f'adapter "{kind}": the SPEC of {place} calls itself "{found.kind}"')
    return found


def _hint(kind: str) -> str:
    near = difflib.get_close_matches(kind.lower(), [known for known in kinds() if known != kind], 1)
    return f'did you mean "{near[0]}"?' if near else f"known are {', '.join(kinds())}"
