"""What holds for the files themselves: the image's recipe, the locks, and words that must not be in them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's (instruction, arguments), continued lines joined, comments left out."""
    text = re.sub(r"\\\n\s*", " ", "\n".join(line for line in DOCKERFILE.splitlines() if not line.startswith("#")))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def test_the_image_is_made_of_files_that_exist() -> None:
    stages = {arguments.split()[-1] for name, arguments in instructions() if name == "FROM" and " AS " in arguments}
    for name, arguments in instructions():
        if name != "COPY":
            continue
        words = arguments.split()
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in stages
            continue
        for source in words[:-1]:
            assert (ROOT / source).exists(), f"COPY {source}"


def test_the_image_runs_as_nobody_special_and_says_what_it_runs() -> None:
    told = instructions()
    users = [arguments for name, arguments in told if name == "USER"]
    assert users, "no USER"
    assert users[-1].isdigit(), "a number, so that Kubernetes can see that it is not root"
    assert int(users[-1]) > 0
    last = dict(told)
    assert last["ENTRYPOINT"] == '["connector"]', "exec form: signals reach the program"
    assert last["CMD"].startswith("[")
    bases = [arguments.split()[0] for name, arguments in told if name == "FROM"]
    assert all(re.search(r":\d", base) for base in bases), "no floating base image"


def test_the_image_installs_only_what_is_locked() -> None:
    runs = " ".join(arguments for name, arguments in instructions() if name == "RUN")
    installs = re.findall(r"pip install ([^&]*)", runs)
    assert installs
    for install in installs:
        assert "--require-hashes" in install or "--no-deps" in install, install


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_each_package_is_pinned_and_hashed_and_no_index_is_named(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    packages = re.split(r"\n(?=\S)", text.strip())
    for package in packages:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+", package), package[:60]
        assert "--hash=sha256:" in package, package[:60]


def test_the_lock_for_tests_holds_the_very_versions_of_the_one_for_running() -> None:
    run, dev = (set(re.findall(r"^(\S+==\S+)", lock.read_text(), re.MULTILINE)) for lock in sorted(LOCKS)[::-1])
    assert run <= dev


def test_no_file_names_a_machine_or_a_package_index() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git checkout here")
    bad = re.compile(r"(?<![\w.])/(?:home|root|Users)/\w|pypi\.org/simple|files\.pythonhosted", re.IGNORECASE)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix == ".png" or path == Path(__file__) or not path.is_file():
            continue
        found = bad.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{name}: {found and found[0]}"
