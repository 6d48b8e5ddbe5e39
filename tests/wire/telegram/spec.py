"""Checks a request against the published description of the Bot API, where a copy of it is at hand.

The folder is named by the environment variable HIMMA_SPECS, else `../shared/specs` beside the repository.
"""

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.wire.telegram.refusal import Refusal, bad_request

_FILE = "telegram-bot-api-10.0.json"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    filename: str
    data: bytes


@cache
def load() -> dict[str, Any] | None:
    """The description, or None where there is no copy."""
    folder = Path(os.environ.get("HIMMA_SPECS") or Path(__file__).parents[4] / "shared" / "specs")
    path = folder / _FILE
    return json.loads(path.read_text()) if path.is_file() else None


def check(method: str, parameters: dict[str, Any]) -> None:
    """Refuses a request with an unknown method, an unknown or missing parameter, or a value of the wrong type.

    The real service ignores unknown parameters; a test wants to hear of them.
    """
    spec = load()
    if spec is None:
        return
    if method not in spec["methods"]:
        raise Refusal(404, "Not Found: method not found")
    fields = _fields(method)
    attached = json.dumps([value for value in parameters.values() if isinstance(value, dict | list)], default=str)
    for name, value in parameters.items():
        if isinstance(value, Upload) and f"attach://{name}" in attached:
            continue
        if name not in fields:
            raise bad_request(f"{method} has no parameter {name!r}")
        types, _ = fields[name]
        if not any(_conforms(type_, value) for type_ in types):
            raise bad_request(f"{method}: parameter {name!r} is no {' or '.join(types)}: {value!r:.200}")
    for name, (_, required) in fields.items():
        if required and name not in parameters:
            raise bad_request(f"{method}: parameter {name!r} is required")


@cache
def _fields(method: str) -> dict[str, tuple[tuple[str, ...], bool]]:
    spec = load()
    assert spec is not None
    return {field["name"]: (tuple(field["types"]), field["required"]) for field in spec["methods"][method].get("fields", [])}


@cache
def _type(name: str) -> dict[str, Any]:
    spec = load()
    assert spec is not None
    described: dict[str, Any] = spec["types"][name]
    return described


def _conforms(name: str, value: Any) -> bool:
    match name:
        case "String":
            return isinstance(value, str)
        case "Integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "Float":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "Boolean":
            return isinstance(value, bool)
        case "InputFile":
            return isinstance(value, Upload)
    if name.startswith("Array of "):
        return isinstance(value, list) and all(_conforms(name.removeprefix("Array of "), item) for item in value)
    described = _type(name)
    if subtypes := described.get("subtypes"):
        return any(_conforms(subtype, value) for subtype in subtypes)
    return isinstance(value, dict) and _has_fields(described.get("fields", []), value)


def _has_fields(fields: list[dict[str, Any]], value: dict[str, Any]) -> bool:
    known = {field["name"]: field for field in fields}
    return (
        value.keys() <= known.keys()
        and all(name in value for name, field in known.items() if field["required"])
        and all(any(_conforms(type_, item) for type_ in known[name]["types"]) for name, item in value.items())
    )
