"""One configuration for tests that run against the stand-in PSA; changes are given where a test differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from connector.config import Config, load

ENVIRON = {
    "CW_PUBLIC_KEY": "sandbox-public",
    "CW_PRIVATE_KEY": "sandbox-private",
    "CW_CLIENT_ID": "00000000-0000-4000-8000-000000000000",
}
CONNECTION: dict[str, Any] = {
    "adapter": "connectwise",
    "site": "na.myconnectwise.net",
    "company": "acme",
    "public_key": "${CW_PUBLIC_KEY}",
    "private_key": "${CW_PRIVATE_KEY}",
    "client_id": "${CW_CLIENT_ID}",
    "calendar": {"zone": "Europe/Berlin", "hours": "09:00-17:00"},
}
AUDIENCE: dict[str, Any] = {
    "from": "psa",
    "contact_types": ["Decision Maker", "Owner"],
    "company_types": ["Managed Client"],
    "marketing_groups": ["NPS 2026"],
    "exclude": {"company_types": ["Former Client"]},
}
TICKET: dict[str, Any] = {
    "board": "Customer Success",
    "priority": "High",
    "owner": ["account_manager", "territory_manager", "member:bob"],
    "due": "1 business day",
}
RULES: list[dict[str, Any]] = [
    {
        "id": "call-back",
        "name": "call detractors back",
        "when": {"band": "detractor"},
        "then": [
            "record_response",
            {"open_ticket": TICKET},
            {"add_note": {"on": "ticket", "text": "Asked by wave {{ response.wave }}."}},
        ],
    },
    {"id": "keep", "name": "keep the others", "when": {"not": {"band": "detractor"}}, "then": ["record_response"]},
]


def load_config(url: str, folder: Path, *, connection: dict[str, Any] | None = None, **changes: Any) -> Config:
    """Write `folder/nps.yaml` (JSON is YAML) for the PSA at `url` and load it; mode live unless changed."""
    text: dict[str, Any] = {
        "mode": "live",
        "connections": {"psa": {**CONNECTION, "base_url": url, **(connection or {})}},
        "audiences": {"decision-makers": AUDIENCE},
        "rules": RULES,
        **changes,
    }
    return load(written(folder, text), ENVIRON)


def written(folder: Path, text: dict[str, Any]) -> Path:
    path = folder / "nps.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(text, indent=1), encoding="utf-8")
    return path
