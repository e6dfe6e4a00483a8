"""The questions of `connector init`: from options, the environment, or a person at a terminal; keys never to a file
that is not asked for."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr, ValidationError

from connector.cli import common
from connector.errors import ConfigError, Problem
from connector.ports import AdapterSpec
from connector.rules.business_time import CalendarSettings

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,79}")
_LIKE_A_KEY = re.compile(r"(?=.*\d)[A-Z0-9]{12,}")
_NEARBY = re.compile(r"http://|(localhost|127\.)", re.IGNORECASE)
_LETTERS = re.compile(r"[A-Za-z0-9_./+=:@-]+")
ENV_FILES = (Path(".env"), Path("nps.env"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One setting: its text, or for a secret where it comes from (NAME or file:PATH)."""

    key: str
    text: str
    secret: bool = False
    remark: str = ""


class Asker:
    """Collects the settings a kind of system asks for. `typed` are keys a person typed, by variable."""

    def __init__(
        self, spec: AdapterSpec, given: Mapping[str, str], keys: list[str], environ: Mapping[str, str], *, beside: Path
    ) -> None:
        self._spec, self._given, self._environ, self._beside = spec, given, environ, beside
        self._secrets = dict(self._named(keys))
        self.typed: dict[str, str] = {}
        self.sources: dict[str, str] = {}
        self.has_tenant = hasattr(spec.settings, "tenant")
        self.person = sys.stdin.isatty() and sys.stderr.isatty() and not common.given.json

    def settings(self) -> list[Source]:
        """Every setting asked for, in order. Raises ConfigError naming all that nobody gave."""
        fields = self._spec.settings.model_fields
        asks = self._spec.asks or tuple(name for name, field in fields.items() if field.is_required())
        found: list[Source] = []
        missing: list[Problem] = []
        if self._given.get("base_url") and "base_url" in fields:
            asks = ("base_url", *(name for name in asks if name != "site"))
        unknown = [name for name in self._secrets if name not in asks]
        if unknown:
            common.wrong(f"--key {unknown[0]}: is no key of {self._spec.kind}; keys: {', '.join(self._keys(asks))}")
        extra = [name for name, text in self._given.items() if text and name not in asks]
        for name in extra:
            if name not in fields:
                common.wrong(f"--set {name}: {self._spec.kind} has no such setting; it has {', '.join(fields)}")
            if self._is_secret(name):
                common.wrong(f"--set {name}: never the key itself; write --key {name}=NAME or --key {name}=file:PATH")
        for name in (*asks, *extra):
            remark = (fields[name].description or "").rstrip(".")
            try:
                if self._is_secret(name):
                    found.append(Source(key=name, text=self._secret(name), secret=True))
                    continue
                key, text = self._plain(name, remark)
                if text:
                    found.append(Source(key=key, text=text, remark=_small((fields[key].description or "").rstrip("."))))
            except ConfigError as error:
                missing += error.problems
        if missing:
            raise ConfigError(missing)
        return found

    def ask(self, question: str, default: str = "", *, optional: bool = False) -> str:
        """A person's answer, or the default where nobody sits there; `optional`: Enter alone is an answer too."""
        if not self.person:
            return default
        proposed = default if default or optional else None
        return str(typer.prompt(question, default=proposed, show_default=bool(default), err=True)).strip()

    def zone(self, default: str) -> str:
        """A time zone by its name; asked again until there is such a zone."""
        while self.person:
            text = self.ask("time zone of your office hours", default)
            try:
                return CalendarSettings(zone=text).zone
            except ValidationError as error:
                _again(error.errors()[0]["msg"])
        return default

    def offered_env_file(self, *, force: bool) -> Path | None:
        """A file that is not there yet, if keys were typed and the person does not mind; Enter keeps them.

        Most systems show a key once: whoever answers without reading must not have lost it.
        """
        if not self.typed or not self.person:
            return None
        free = next((file for file in ENV_FILES if force or not file.exists()), None)
        if free is None:
            return None
        asked = f"save the keys you typed in {free}, readable by you alone? (Enter saves them)"
        return free if typer.confirm(asked, default=True, err=True) else None

    def write_env(self, path: Path, *, force: bool) -> None:
        """NAME=value lines, mode 0600 from the first moment."""
        lines = ["# Keys of the connector; keep this file to yourself, and out of version control."]
        lines += [f"{name}={_quoted(value)}" for name, value in self.sources.items()]
        path.parent.mkdir(parents=True, exist_ok=True)
        if force:
            path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def _plain(self, name: str, remark: str) -> tuple[str, str]:
        """(setting, text): at a terminal checked at once, and asked again; a test server's address is base_url. No text
        where it may be left out, and is."""
        flag = f"--{name.replace('_', '-')}" if name in ("site", "company", "base_url") else f"--set {name}=…"
        text = self._given.get(name) or self._environ.get(self._variable(name), "")
        optional = name in self._spec.may_ask
        while not text and self.person:
            answer = self.ask(
                f"{name} ({_small(remark)}{'; Enter leaves it out' if optional else ''})", optional=optional
            )
            if optional and not answer:
                break
            key = name
            if name == "site" and "base_url" in self._spec.settings.model_fields and _NEARBY.match(answer):
                key, answer = "base_url", answer if "://" in answer else f"http://{answer}"
            wrong = self._wrong(key, answer)
            if not wrong:
                if key != name:
                    typer.echo(
                        f"{answer} is the address of a test server: taken as base URL, in place of {name}", err=True
                    )
                return key, answer
            _again(wrong)
        if not text and not optional:
            raise _missing(flag, f"is missing; {_small(remark)}")
        return name, text

    def _wrong(self, name: str, text: str) -> str:
        """What the settings say against this one; empty: nothing."""
        try:
            self._spec.settings.model_validate({name: text})
        except ValidationError as error:
            return next((each["msg"] for each in error.errors() if each["loc"] == (name,)), "")
        return ""

    def _secret(self, name: str) -> str:
        proposed = self._variable(name)
        source = self._secrets.get(name, "")
        while not source and self.person:
            source = self.ask(f"{name}: environment variable (or file:PATH) that holds it", proposed)
            if source.startswith("file:") and not (self._beside / source.removeprefix("file:")).is_file():
                _again("there is no such file beside the configuration")
            elif not source.startswith("file:") and not self._is_a_name(source):
                _again("that looks like the key itself, not like the name of a variable (A-Z, 0-9, _); "
                       f"press Enter for {proposed}; the key itself is asked for next, and not shown")  # fmt: skip
            else:
                break
            source = ""
        source = source or proposed
        if source.startswith("file:"):
            if not (self._beside / source.removeprefix("file:")).is_file():
                raise _missing(f"--key {name}", f"there is no file {source.removeprefix('file:')} beside the "
                               "configuration; write the key into one")  # fmt: skip
            return source
        if not _VARIABLE.fullmatch(source):
            raise _missing(f"--key {name}", "write the name of an environment variable (A-Z, 0-9, _) or file:PATH, "
                           "never the key itself")  # fmt: skip
        value = self._environ.get(source, "")
        if not value and self.person:
            value = str(typer.prompt(f"{source} is not set; the {name} itself (not shown)", hide_input=True, err=True))
            self.typed[source] = value.strip()
        if not value:
            raise _missing(f"--key {name}", f"the environment has no {source}; export {source}=…, or name another: "
                           f"--key {name}=NAME or --key {name}=file:PATH")  # fmt: skip
        self.sources[source] = value.strip()
        return source

    def _is_a_name(self, source: str) -> bool:
        """One that is set is a name; one that is not must not be as long and as mixed as a key."""
        if not _VARIABLE.fullmatch(source):
            return False
        return bool(self._environ.get(source)) or not _LIKE_A_KEY.fullmatch(source)

    def _named(self, keys: list[str]) -> Iterator[tuple[str, str]]:
        for each in keys:
            name, equals, source = each.partition("=")
            if not equals or not source:
                common.wrong("--key: write KEY=NAME, for example public_key=CW_PUBLIC_KEY")
            yield name.strip(), source.strip()

    def _keys(self, asks: tuple[str, ...]) -> list[str]:
        return [name for name in asks if self._is_secret(name)]

    def _is_secret(self, name: str) -> bool:
        annotation: Any = self._spec.settings.model_fields[name].annotation
        return SecretStr in (annotation, *getattr(annotation, "__args__", ()))

    def _variable(self, name: str) -> str:
        return f"{self._spec.variables or self._spec.kind.upper().replace('-', '_')}_{name.upper()}"


def _missing(place: str, message: str) -> ConfigError:
    return ConfigError([Problem(file=place, message=message)])


def _again(why: str) -> None:
    typer.echo(f"  {why.removeprefix('Value error, ')}", err=True)


def _small(remark: str) -> str:
    """A remark within a sentence."""
    return remark[:1].lower() + remark[1:]


def _quoted(value: str) -> str:
    """As a shell and an env_file of a container read it alike, where no odd character stands in the key."""
    return value if _LETTERS.fullmatch(value) else "'" + value.replace("'", "'\\''") + "'"
