"""The nouns and the ports are imported from their packages, which offer all that is public in their modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from connector import domain, ports


@pytest.mark.parametrize("package", [domain, ports], ids=["domain", "ports"])
def test_a_package_offers_every_public_name_of_its_modules_and_no_other(package: ModuleType) -> None:
    modules = [path for path in Path(package.__path__[0]).glob("*.py") if path.name != "__init__.py"]
    assert len(modules) >= 6
    defined = [name for path in modules for name in _defined(path) if not name.startswith("_")]
    assert sorted(defined) == sorted(package.__all__), "each once, in one module"


def _defined(path: Path) -> Iterator[str]:
    """The names that a module itself binds at its top, imports left out."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
