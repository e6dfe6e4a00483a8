"""The preview in the README is what `make demo` prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.cli import demo_folder
from connector.cli.demo_story import Story
from connector.sandbox.connectwise import serve
from tests.docs.pages import blocks


def test_it_is_what_the_demonstration_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = next(b.text for b in blocks("") if b.page.name == "README.md" and b.text.startswith("PREVIEW"))
    folder = tmp_path / "nps-demo"
    demo_folder.prepare(folder)
    with serve(port=0, contacts=400, seed=7) as server:
        story = Story(server, folder, 7)
        try:
            story.pull()
            assert story.preview() == shown.splitlines()
        finally:
            story.close()
