"""What a good file becomes."""

from __future__ import annotations

from pathlib import Path

from connector import config
from connector.domain import Mode

from .conftest import ENVIRON, ROOT, Load


def test_the_example_loads(example: str, load: Load) -> None:
    loaded = load(example)
    assert loaded.mode is Mode.PREVIEW
    assert loaded.notices == ()
    assert loaded.connections["psa"].kind == "connectwise"
    assert loaded.connections["psa"].calendar.zone == "Europe/Berlin"
    assert loaded.connections["psa"].settings.company == "acme"
    assert loaded.audiences["decision-makers"].from_ == "psa"
    assert [rule.id for rule in loaded.rules] == ["record", "call-back"]
    assert loaded.caps.per_company == 3
    assert loaded.answers.settle.text == "15 minutes"
    assert loaded.limits.tickets_per_day == 10
    assert loaded.rehearsal is None


def test_paths_are_meant_from_the_folder_of_the_file(example: str, load: Load, tmp_path: Path) -> None:
    loaded = load(f"{example}\nanswers: {{folder: inbox}}\n")
    assert loaded.answers.folder == tmp_path / "inbox"
    assert loaded.storage.data == tmp_path / "nps-data"
    assert load(f"{example}\nstorage: {{data: /srv/nps}}\n").storage.data == Path("/srv/nps")


def test_settings_are_those_of_the_adapter(example: str, load: Load) -> None:
    from connector import registry

    assert isinstance(load(example).connections["psa"].settings, registry.spec("connectwise").settings)


def test_digits_written_without_quotes_are_text_where_text_is_wanted(example: str, load: Load) -> None:
    loaded = load(example.replace("company: acme", "company: 0471"))
    assert loaded.connections["psa"].settings.company == "0471"


def test_yes_no_on_and_dates_are_text(example: str, load: Load) -> None:
    loaded = load(example.replace("[Decision Maker, Owner]", "[yes, no, on, 2026-01-01]"))
    assert loaded.audiences["decision-makers"].contact_types == ["yes", "no", "on", "2026-01-01"]


def test_an_alias_stands_for_its_value(example: str, load: Load) -> None:
    text = example.replace("[Decision Maker, Owner]", "&types [Owner]") + "  - {id: b, then: [record_response]}\n"
    text = text.replace("exclude: {company_types: [Former Client]}", "exclude: {contact_types: *types}")
    assert load(text).audiences["decision-makers"].exclude.contact_types == ["Owner"]


def test_an_empty_section_is_as_if_it_were_not_there(example: str, load: Load) -> None:
    assert load(f"{example}\nlimits:\nstorage: # later\n").limits.tickets_per_day == 10


def test_a_connection_nobody_uses_is_worth_a_notice(example: str, load: Load) -> None:
    loaded = load(example.replace("audiences:", "  lines: {adapter: log}\naudiences:", 1))
    assert loaded.notices == ("connection lines is used by no audience, rule or answer",)


def test_a_folder_as_a_connection_is_worth_a_notice(example: str, load: Load) -> None:
    loaded = load(example.replace("audiences:", "  inbox: {adapter: folder, path: inbox}\naudiences:", 1))
    assert loaded.notices == ("connection inbox is not read; answers come from answers.folder",)


def test_order_comments_and_written_defaults_do_not_change_the_fingerprint(example: str, load: Load) -> None:
    plain = load(example).fingerprint
    assert load("caps: {per_company: 3, cool_down: 90 days}\n" + example.replace("# ", "# more ")).fingerprint == plain
    assert load(example.replace("band: detractor", "band: [detractor]")).fingerprint == plain
    assert load(example.replace("band: detractor", "band: passive")).fingerprint != plain
    assert load(example.replace("acme", "apex")).fingerprint != plain
    assert load(example.replace("1 business day", "2 business days")).fingerprint != plain


def test_the_fingerprint_is_the_same_in_another_folder_and_process(example: str, load: Load) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from connector import config; "
        "print(config.load(sys.argv[1], dict(pair.split('=') for pair in sys.argv[2:])).fingerprint)"
    )
    pairs = [f"{name}={value}" for name, value in ENVIRON.items()]
    found = {
        subprocess.run(
            [sys.executable, "-c", code, str(ROOT / "config" / "example.yaml"), *pairs],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }  # fmt: skip
    assert found == {load(example).fingerprint}


def test_what_was_redacted_loads_again_with_the_same_meaning(example: str, load: Load) -> None:
    loaded = load(example)
    restored = config.restore(loaded.redacted())
    assert restored.fingerprint == loaded.fingerprint
    assert restored.redacted() == loaded.redacted()
    assert restored.rules == loaded.rules
    assert restored.audiences == loaded.audiences
