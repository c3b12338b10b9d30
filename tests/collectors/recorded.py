"""Recorded answers under tests/fixtures/smartcar_v2: status, headers and body, the body as JSON or as text."""

from __future__ import annotations

import json
from pathlib import Path

from collectors.http import Response

FOLDER = Path(__file__).parents[1] / "fixtures" / "smartcar_v2"


def recorded(name: str) -> Response:
    told = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    body = told["body"]
    content = body.encode("latin-1") if isinstance(body, str) else json.dumps(body).encode()
    return Response(status=told["status"], headers=told["headers"], body=content)


def names(folder: str) -> list[str]:
    return sorted(path.stem for path in (FOLDER / folder).glob("*.json"))
