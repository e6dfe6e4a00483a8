"""The adapter in docs/writing-an-adapter.md is taken from the page, built, installed, found by its entry point, and
passes the contract suite over HTTP."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector import config, registry
from connector.cli import main
from connector.errors import ConfigError
from tests.adapters.contract import AdapterContract
from tests.docs.pages import ROOT
from tests.docs.tidycrm import TOKEN, TidyWorld, tidy_world

PAGE = ROOT / "docs" / "writing-an-adapter.md"
_FILE = re.compile(r"^```(?:python|toml)\n# (\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The package of the page, built and installed into a folder of its own on sys.path."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    files = dict(_FILE.findall(PAGE.read_text(encoding="utf-8")))
    assert set(files) == {"pyproject.toml", *(f"nps_tidycrm/{name}.py" for name in ("__init__", "reading", "writing"))}
    for name, text in files.items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run(
        [*pip, "--no-build-isolation", "--target", str(target), str(source)], check=True, capture_output=True
    )
    sys.path.insert(0, str(target))
    importlib.invalidate_caches()
    yield
    sys.path.remove(str(target))
    for name in [name for name in sys.modules if name.startswith("nps_tidycrm")]:
        del sys.modules[name]


@pytest.mark.usefixtures("installed")
class TestTidyCrm(AdapterContract):
    @pytest.fixture
    def world(self) -> Iterator[TidyWorld]:
        with tidy_world() as world:
            yield world


@pytest.mark.usefixtures("installed")
def test_it_is_found_by_its_entry_point_and_its_settings_are_checked(tmp_path: Path) -> None:
    assert "tidycrm" in registry.kinds()
    file = tmp_path / "nps.yaml"
    file.write_text("connections: {crm: {adapter: tidycrm, url: tidy.example.com, tokn: x}}", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(file, {})
    assert "connections.crm.tokn: unknown key" in str(caught.value)


@pytest.mark.usefixtures("installed")
def test_the_whole_program_works_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDYCRM_TOKEN", TOKEN)
    with tidy_world() as world:
        for line in (f"init --from tidycrm --name crm --set url={world.url}", "check --live", "preview"):
            assert main.run(line.split()) == 0, f"connector {line}: {capsys.readouterr()}"
    assert "marketing_groups: [NPS]" in (tmp_path / "nps.yaml").read_text(encoding="utf-8")
    assert re.search(r"invitations +2 in \d compan", capsys.readouterr().out)


def test_the_docs_name_every_test_file_that_is_there() -> None:
    for name in re.findall(r"`(tests/[\w/.]+\.py)`", PAGE.read_text(encoding="utf-8")):
        assert (ROOT / name).is_file(), name
