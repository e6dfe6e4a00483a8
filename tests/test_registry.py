"""Adapters are strings until one is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from connector import registry
from connector.errors import ConfigError
from connector.ports import AdapterSpec

_LOADED = "import sys; print([m for m in sys.modules if m.startswith('connector.adapters.')])"
HELPERS = {"connector.adapters.transport", "connector.adapters.paging"}


def _adapters_after(code: str) -> set[str]:
    run = subprocess.run([sys.executable, "-c", f"{code}; {_LOADED}"], capture_output=True, text=True, check=True)
    return {".".join(name.split(".")[:3]) for name in ast.literal_eval(run.stdout)} - HELPERS


def test_importing_the_registry_imports_no_adapter() -> None:
    assert _adapters_after("from connector import registry; registry.kinds()") == set()


@pytest.mark.parametrize("kind", registry.BUILT_IN)
def test_using_one_adapter_imports_no_other(kind: str) -> None:
    assert _adapters_after(f"from connector import registry; registry.spec({kind!r})") == {registry.BUILT_IN[kind]}


@pytest.mark.parametrize("kind", registry.BUILT_IN)
def test_the_name_is_the_path(kind: str) -> None:
    spec = registry.spec(kind)
    assert spec.kind == kind
    assert registry.BUILT_IN[kind] == f"connector.adapters.{kind}"
    assert spec.label
    assert spec.settings.model_config.get("extra") == "forbid"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("conectwise", 'unknown adapter "conectwise"; did you mean "connectwise"?'),
        ("SMTP", 'unknown adapter "SMTP"; did you mean "smtp"?'),
        (
            "zendesk-classic",
            'unknown adapter "zendesk-classic"; known are connectwise, folder, hubspot, log, memory, salesforce, smtp',
        ),
    ],
)
def test_an_unknown_kind_names_the_nearest(kind: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        registry.spec(kind)
    assert caught.value.problems[0].message == message


def _outside(monkeypatch: pytest.MonkeyPatch, *entries: tuple[str, str]) -> None:
    found = [EntryPoint(name=name, value=value, group=registry.GROUP) for name, value in entries]

    def entry_points(**_: Any) -> list[EntryPoint]:
        return found

    monkeypatch.setattr(registry, "entry_points", entry_points)


def test_an_outside_package_adds_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = AdapterSpec(
        kind="elsewhere",
        label="Elsewhere",
        settings=dict,
        wire=registry.spec("log").wire,
        open=registry.spec("log").open,
    )
    monkeypatch.setattr(registry, "SPEC_OF_A_TEST", spec, raising=False)
    _outside(monkeypatch, ("elsewhere", "connector.registry:SPEC_OF_A_TEST"))
    assert "elsewhere" in registry.kinds()
    assert registry.spec("elsewhere") is spec


def test_an_outside_package_cannot_shadow_a_built_in_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    _outside(monkeypatch, ("smtp", "somewhere.evil"))
    assert registry.spec("smtp").settings.__module__.startswith("connector.adapters.smtp")
    assert registry.remarks() == ['package somewhere.evil offers an adapter "smtp"; the built-in one is used']


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no.such.module", r'adapter "other" of package no.such.module cannot be loaded \(ModuleNotFoundError\)'),
        ("connector.errors", r'adapter "other": connector.errors \(connector.errors\) has no SPEC'),
        ("connector.adapters.log", r'adapter "other": the SPEC of connector.adapters.log .* calls itself "log"'),
    ],
)
def test_an_outside_package_that_does_not_work_is_named(
    monkeypatch: pytest.MonkeyPatch, value: str, message: str
) -> None:
    _outside(monkeypatch, ("other", value))
    with pytest.raises(ConfigError, match=message):
        registry.spec("other")


def test_one_kind_from_two_packages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _outside(monkeypatch, ("other", "a.b"), ("other", "c.d"))
    with pytest.raises(ConfigError, match=r"comes from several packages \(a\.b, c\.d\); uninstall all but one"):
        registry.spec("other")


def test_a_missing_package_is_named_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError("No module named 'vendorlib'", name="vendorlib")

    monkeypatch.setattr(registry, "import_module", missing)
    with pytest.raises(ConfigError, match=r'needs the package vendorlib; pip install "nps-connector\[smtp\]"'):
        registry.spec("smtp")
