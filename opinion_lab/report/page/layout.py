"""What all pages of a report share: templates, the policy that forbids, and the facts of masthead and foot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from opinion_lab import config

TEMPLATES = Path(__file__).parent / "templates"

#: Everything is forbidden but the page's own style, pictures in the page, and scripts known by nonce or hash.
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; connect-src 'none'; "
    "base-uri 'none'; form-action 'none'"
)


def style() -> str:
    """The house's style sheet."""
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Facts:
    """What the runner knows and the notebook does not; printed in masthead and foot."""

    settings: config.Settings
    now: datetime
    number: str
    notebook: str
    notebook_sha256: str
    parameters: Mapping[str, Any]
    versions: Mapping[str, str]
