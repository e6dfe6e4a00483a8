"""The preview in the README is what `make demo` prints."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from connector.cli import demo_crms, demo_folder
from connector.cli.demo_story import Story
from tests.docs.pages import blocks


def test_it_is_what_the_demonstration_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = next(b.text for b in blocks("") if b.page.name == "README.md" and b.text.startswith("PREVIEW"))
    folder = tmp_path / "nps-demo"
    demo_folder.prepare(folder)
    with ExitStack() as ends:
        standing = demo_crms.start(demo_crms.ALL, 400, 7, ends, fixed=False)
        story = Story(standing, folder, 7)
        ends.callback(story.close)
        story.pull()
        assert story.preview() == shown.splitlines()
