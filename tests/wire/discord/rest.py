"""Which address means what: a request and the table it is looked up in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Request:
    """One call of the bot's, read."""

    method: str
    path: str
    """Without `/api/v10`."""
    route: str = ""
    """`POST /channels/{channel_id}/messages`, as Discord's OpenAPI description writes it."""
    params: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """By attachment id: name and bytes."""
    token: str = ""


Handler = Callable[[Request], Any]
"""Answers with JSON, with None for 204, or with a status and JSON."""


@dataclass(slots=True)
class _Row:
    template: str
    parts: tuple[str, ...]
    handler: Handler


class Table:
    """Addresses by method and number of parts; those with fewer placeholders come first."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, int], list[_Row]] = {}

    def add(self, route: str, handler: Handler) -> None:
        method, template = route.split(" ")
        parts = tuple(template.strip("/").split("/"))
        rows = self._rows.setdefault((method, len(parts)), [])
        rows.append(_Row(template, parts, handler))
        rows.sort(key=lambda row: sum(part.startswith("{") for part in row.parts))

    def find(self, request: Request) -> Handler | None:
        """The handler of a request, whose route and parameters are filled in."""
        parts = request.path.strip("/").split("/")
        for row in self._rows.get((request.method, len(parts)), []):
            pairs = list(zip(row.parts, parts, strict=True))
            if all(wanted == part or wanted[0] == "{" for wanted, part in pairs):
                request.route = f"{request.method} {row.template}"
                request.params = {wanted[1:-1]: part for wanted, part in pairs if wanted[0] == "{"}
                return row.handler
        return None
