"""What an admin writes under a connection of kind `folder`."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator


class FolderSettings(BaseModel):
    """Where the files are, and in which zone their times are meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path = Field(
        description="The folder that is watched for *.csv and *.jsonl, or one such file; relative to the configuration."
    )
    zone: str = Field(
        default="", description="Time zone of times without one, such as Europe/Berlin; empty: such a time is an error."
    )

    @field_validator("path")
    @classmethod
    def _beside_the_configuration(cls, path: Path, info: ValidationInfo) -> Path:
        base = (info.context or {}).get("base")
        return path if base is None else Path(base) / path

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone or "UTC")
        except (OSError, ValueError, LookupError):
            raise ValueError(f'unknown time zone "{zone}"; write for example Europe/Berlin') from None
        return zone
