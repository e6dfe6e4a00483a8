"""A bundle made on one machine replays on another, and nobody is in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from connector.jobs.bundle.scan import Scan
from connector.jobs.records.anonymous import Anonymous
from connector.jobs.records.journal import JournalWriter, read_lines
from tests.cli.acting import ANN, answer, delivered, pulled
from tests.cli.conftest import Connector, Desk
from tests.cli.test_rehearse import REHEARSAL
from tests.scanning import everybody, secrets, traces

COMMENT = "Tickets take days and nobody of you calls back, so we are talking to somebody else by now."


@pytest.fixture
def bundle(desk: Desk, connector: Connector) -> Path:
    delivered(desk, connector)
    answer(desk, connector, {"email": ANN, "score": 2, "comment": COMMENT}, name="more.csv")
    connector("preview", "--offline")
    target = desk.folder / "away" / "bundle.zip"
    target.parent.mkdir()
    said = connector("support-bundle", "--out", str(target))
    assert said.code == 0, said.out + said.err
    assert "left out" not in said.out
    return target


def elsewhere(bundle: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """`connector jobs replay` in an empty folder of a user who has nothing."""
    for name in ("clean", "home"):
        (folder / name).mkdir(exist_ok=True)
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder / "home")}
    root = Path(__file__).parents[2]
    code = f"import sys; sys.path.insert(0, {str(root)!r}); from connector.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "jobs", "replay", str(bundle), "--json"],
        cwd=folder / "clean", env=environ, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_every_job_of_a_bundle_replays_in_a_clean_folder_without_database_and_configuration(
    bundle: Path, tmp_path: Path
) -> None:
    done = elsewhere(bundle, tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    stories = [replay["story"] for replay in told["replays"]]
    assert sorted(stories) == ["collect", "collect", "deliver", "plan", "pull"]
    assert all(replay["same"] and replay["compared"] for replay in told["replays"])
    assert all("pseudonyms are compared" in replay["remarks"][0] for replay in told["replays"])
    assert list((tmp_path / "clean").iterdir()) == list((tmp_path / "home").iterdir()) == []


def test_one_changed_byte_in_a_bundle_shows(bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "forged"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    record = next(path for path in folder.rglob("*.zst") if b'"story":"collect"' in next(read_lines(path)))
    lines = list(read_lines(record))
    record.unlink()
    writer = JournalWriter(record)
    for line in lines:
        writer.write(json.loads(re.sub(rb'"score":("?)[23]', rb'"score":\g<1>4', line)))
    writer.close()
    forged = tmp_path / "forged.zip"
    with zipfile.ZipFile(forged, "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder))
    done = elsewhere(forged, tmp_path)
    assert done.returncode == 1
    assert "altered" in done.stdout


@pytest.mark.parametrize(("limit", "value"), [("LARGEST", 3000), ("LARGEST_RECORD", 1500)])
def test_a_bundle_that_would_fill_the_disk_is_refused_before_anything_is_unpacked(
    desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    from connector.jobs import bundle as making

    foreign = desk.folder / "foreign.zip"
    with zipfile.ZipFile(foreign, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(2):
            archive.writestr(f"records/{number}.jsonl.zst", bytes(2000))
    assert "damaged" in connector("jobs", "replay", "foreign.zip").err, "below the limits it is read"
    monkeypatch.setattr(making, limit, value)
    monkeypatch.setattr(shutil, "copyfileobj", lambda *_: pytest.fail("it was unpacked"))
    said = connector("jobs", "replay", "foreign.zip")
    assert said.code == 1
    assert "would take 4,000 bytes, the largest 2,000" in said.err


def test_a_bundle_is_unpacked_in_the_data_folder_where_there_is_one_and_nothing_stays(
    bundle: Path, desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = desk.folder / "nps-data"
    before = sorted(data.iterdir())
    places: set[Path] = set()
    copied = shutil.copyfileobj

    def copy(source: Any, target: Any) -> None:
        places.add(Path(target.name).absolute().parent.parent)
        copied(source, target)

    monkeypatch.setattr(shutil, "copyfileobj", copy)
    assert connector("jobs", "replay", str(bundle)).code == 0
    assert places == {data}
    assert sorted(data.iterdir()) == before


def test_nobody_and_no_secret_is_in_a_bundle(bundle: Path, desk: Desk) -> None:
    people = everybody(desk.server)
    assert len(people) > 100
    store = desk.folder / "nps-data"
    assert traces(store, {"Ann Example", ANN, "+1 555 0100", COMMENT}), "the search finds what is there"
    assert traces(bundle, people | secrets(desk.server) | {COMMENT, "Nobody calls back", "Northwind"}) == []


def test_a_bundle_that_still_names_somebody_is_not_written(
    desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connector.jobs import bundle as making

    delivered(desk, connector)
    monkeypatch.setattr(making, "README", "for Ann Example {jobs}")
    said = connector("support-bundle", "--out", "b.zip")
    assert said.code == 1
    assert "README.txt line 1: it still holds the name of a contact" in said.err
    assert not (desk.folder / "b.zip").exists()
    assert [path.name for path in desk.folder.iterdir() if "bundle" in path.name] == []


def test_only_the_named_jobs_are_in_a_bundle(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    connector("pull")
    job = connector("jobs", "list", "--json").facts["jobs"][0]["id"]
    made = connector("support-bundle", job, "--out", "one.zip", "--json", "--debug")
    assert made.facts.get("jobs") == 1, made
    assert "1 job, 1 record; a search" in connector("support-bundle", job, "--out", "same.zip").out
    with zipfile.ZipFile(desk.folder / "same.zip") as archive:
        assert "1 job with its attempts" in archive.read("README.txt").decode()
    assert connector("support-bundle", "no-such-job", "--out", "two.zip").code == 2
    assert connector("support-bundle", job, "--out", "one.zip").code == 2


BOB = "Bob Smith (0170 5551234, bob.smith@willow.example.org) said: lousy"


def test_words_given_to_a_command_are_in_no_bundle_and_no_exported_record(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    desk.write("live", lambda text: f"{text}\n{REHEARSAL}")
    assert connector("rehearse", ANN, "--comment", BOB).code == 0
    (desk.folder / "Bob Smith.csv").write_text(
        f'email,score,comment,responded_at\n{ANN},"Smith",,2026-11-21\n{ANN},3,"{BOB}",2026-11-21\n'
    )
    connector("responses", "import", "Bob Smith.csv")
    connector("pause", "psa", "--reason", "Bob Smith is ill")
    connector("pull")
    said = connector("support-bundle", "--out", "b.zip")
    assert said.code == 0, said.out + said.err
    assert "left out" not in said.out
    told = {"Bob Smith", "Smith", "5551234", "bob.smith", "willow.example", "lousy"}
    assert traces(desk.folder / "nps-data", told) != []
    assert traces(desk.folder / "b.zip", told) == []
    with zipfile.ZipFile(desk.folder / "b.zip") as archive:
        jobs = json.loads(archive.read("jobs.json"))
    [params] = [job["params"] for job in jobs if job["story"] == "rehearse"]
    assert (params["contact_id"], params["score"], params["comment"][10]) == ("1001", 3, "(")
    for job in jobs:
        if job["attempts"]:
            done = connector("jobs", "export", job["id"], f"{job['id']}.zst", "--pseudonyms")
            assert done.code == 0, done
            assert traces(desk.folder / f"{job['id']}.zst", told) == []


def test_without_names_jobs_that_did_something_come_before_passes_that_did_not(
    desk: Desk, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connector.jobs import bundle as making

    delivered(desk, connector)
    for _ in range(2):
        connector("pull")
        connector("deliver")
    monkeypatch.setattr(making, "MOST", 3)
    assert connector("support-bundle", "--out", "b.zip").code == 0
    with zipfile.ZipFile(desk.folder / "b.zip") as archive:
        told = json.loads(archive.read("jobs.json"))
    assert sorted(job["story"] for job in told) == ["collect", "deliver", "pull"]
    [deliver] = [job for job in told if job["story"] == "deliver"]
    assert deliver["attempts"][0]["counts"]["applied"] > 0, "not one of those that found nothing"


def test_the_company_of_the_rehearsal_is_replaced_as_that_of_a_connection_is(desk: Desk, connector: Connector) -> None:
    pulled(desk, connector)
    desk.write("live", lambda text: f"{text}\n{REHEARSAL}")
    assert connector("rehearse", ANN).code == 0
    assert connector("support-bundle", "--out", "b.zip").code == 0
    assert traces(desk.folder / "b.zip", {"acme"}) == []
    with zipfile.ZipFile(desk.folder / "b.zip") as archive:
        configs = [json.loads(archive.read(name)) for name in archive.namelist() if name.startswith("config/")]
    kept = [config["rehearsal"] for config in configs if config.get("rehearsal")]
    assert [len(each["company"]) for each in kept] == [len("acme")]
    assert connector("jobs", "replay", "b.zip").code == 0


def test_errors_stay_readable_without_what_they_quote() -> None:
    said = f'psa: 400: summary "{BOB}" is too long; ask ann@example.com or 0170 5551234 at 10:15'
    made = Anonymous(b"k").error(said)
    assert made.startswith('psa: 400: summary "')
    assert " is too long; ask " in made
    assert made.endswith(" at 10:15")
    assert traces(made, {"Smith", "5551234", "lousy", "ann@"}) == []


def test_the_search_knows_the_words_of_answers() -> None:
    scan = Scan(())
    scan.add_words(COMMENT)
    assert scan.found(f"it said: {COMMENT}") == "words of an answer"
    assert scan.found("Tickets take days and nobody cares") == ""
    assert scan.scrubbed(COMMENT, Anonymous(b"k")).startswith("Xxxxxxx xxxx")
