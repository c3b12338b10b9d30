"""Recorded answers under tests/fixtures, by source: status, headers and body, the body as JSON or as text."""

from __future__ import annotations

import json
from pathlib import Path

from collectors.http import Response

FOLDER = Path(__file__).parents[1] / "fixtures"


def recorded(name: str, source: str = "smartcar_v2") -> Response:
    told = json.loads((FOLDER / source / f"{name}.json").read_text("utf-8"))
    body = told["body"]
    content = body.encode("latin-1") if isinstance(body, str) else json.dumps(body).encode()
    return Response(status=told["status"], headers=told["headers"], body=content)


def names(folder: str, source: str = "smartcar_v2") -> list[str]:
    return sorted(path.stem for path in (FOLDER / source / folder).glob("*.json"))
