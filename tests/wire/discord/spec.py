"""Checks a request's body against Discord's published OpenAPI description, where a copy of it is at hand.

The folder is named by the environment variable HIMMA_SPECS, else `../shared/specs` beside the repository. Where the
description is looser than the documentation, the fake's own checks come on top: it lets a bot's message have 4000 characters
(only components may), does not know how rows and options fit together, nor which permissions anything takes.
"""

import json
import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.wire.discord.refusal import Flaw

_FILE: Final = "discord-openapi.json"
_HARMLESS: Final = frozenset({"tts", "username", "avatar_url", "nsfw", "flags"})
"""Fields that discord.py sends to addresses whose description lacks them; the service knows or ignores them."""
_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}

Json = dict[str, Any]
Place = tuple[str | int, ...]


@cache
def load() -> Json | None:
    """The description, or None where there is no copy."""
    folder = Path(os.environ.get("HIMMA_SPECS") or Path(__file__).parents[4] / "shared" / "specs")
    path = folder / _FILE
    return json.loads(path.read_text()) if path.is_file() else None


@cache
def body(method: str, template: str) -> Json | None:
    """What the body of a request to this address must be; None where it takes none or nothing is known."""
    spec = load()
    described = ((spec or {"paths": {}})["paths"].get(template) or {}).get(method.lower()) or {}
    content = described.get("requestBody", {}).get("content", {})
    schema: Json | None = content.get("application/json", {}).get("schema")
    return schema


def check(method: str, template: str, value: Any) -> Iterable[Flaw]:
    """What is wrong with a body: unknown and missing fields, wrong types, lengths and choices.

    The real service ignores unknown fields; a test wants to hear of them.
    """
    schema = body(method, template)
    return [] if schema is None else _flaws(schema, value, ())


def _resolve(schema: Json) -> Json:
    while "$ref" in schema:
        spec = load()
        assert spec is not None
        schema = spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _flaws(schema: Json, value: Any, path: Place) -> list[Flaw]:
    schema = _resolve(schema)
    if schema.get("format") == "snowflake" and isinstance(value, int):
        return []
    for name in ("oneOf", "anyOf"):
        if name in schema:
            return _any_of(schema[name], value, path)
    if "const" in schema:
        return [] if value == schema["const"] and type(value) is type(schema["const"]) else [_choice(path, [schema["const"]])]
    wrong_type = _type_flaws(schema, value, path)
    if wrong_type or value is None:
        return wrong_type
    return [*_bound_flaws(schema, value, path), *_inner_flaws(schema, value, path)]


def _any_of(schemas: list[Json], value: Any, path: Place) -> list[Flaw]:
    """The flaws of the alternative that comes closest: by its `type`, or with the fewest flaws."""
    alternatives = [_resolve(schema) for schema in schemas]
    if isinstance(value, dict) and "type" in value:
        alternatives = [schema for schema in alternatives if value["type"] in _types_of(schema)] or alternatives
    if all("const" in schema for schema in alternatives):
        fits = any(not _flaws(schema, value, path) for schema in alternatives)
        return [] if fits else [_choice(path, [schema["const"] for schema in alternatives])]
    found = [_flaws(schema, value, path) for schema in alternatives]
    return min(found, key=lambda flaws: (len(flaws), sum(flaw.code == "BASE_TYPE_BAD_TYPE" for flaw in flaws)))


def _types_of(schema: Json) -> list[Any]:
    described: Json = schema.get("properties", {}).get("type", {})
    listed: list[Any] = described.get("enum", [])
    return listed


def _type_flaws(schema: Json, value: Any, path: Place) -> list[Flaw]:
    wanted = schema.get("type")
    if wanted is None:
        return []
    names = wanted if isinstance(wanted, list) else [wanted]
    if any(_is(name, value) for name in names):
        return []
    return [Flaw(path, "BASE_TYPE_BAD_TYPE", f"Is no {' or '.join(names)}: {value!r:.80}")]


def _is(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])


def _bound_flaws(schema: Json, value: Any, path: Place) -> Iterable[Flaw]:
    if "enum" in schema and value not in schema["enum"]:
        yield _choice(path, schema["enum"])
    if isinstance(value, str | list | dict):
        least, most = (next((schema[key] for key in keys if key in schema), None) for keys in _BOUNDS)
        if (least is not None and len(value) < least) or (most is not None and len(value) > most):
            yield Flaw(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least or 0} and {most} in length.")
    elif not isinstance(value, bool) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield Flaw(path, "NUMBER_TYPE_RANGE", f"Must be between {schema.get('minimum')} and {schema.get('maximum')}.")
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield Flaw(path, "STRING_TYPE_REGEX", "String value did not match validation regex.")
    if schema.get("uniqueItems") and len({json.dumps(item, sort_keys=True) for item in value}) < len(value):
        yield Flaw(path, "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value")


_BOUNDS: Final = (("minLength", "minItems", "minProperties"), ("maxLength", "maxItems", "maxProperties"))


def _inner_flaws(schema: Json, value: Any, path: Place) -> Iterable[Flaw]:
    for part in schema.get("allOf", []):
        yield from _flaws(part, value, path)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _flaws(schema.get("items", {}), item, (*path, index))
    elif isinstance(value, dict):
        yield from _field_flaws(schema, value, path)


def _field_flaws(schema: Json, value: Json, path: Place) -> Iterable[Flaw]:
    known: Json = schema.get("properties", {})
    others = schema.get("additionalProperties")
    for name, inner in value.items():
        if name in known:
            yield from _flaws(known[name], inner, (*path, name))
        elif isinstance(others, dict):
            yield from _flaws(others, inner, (*path, name))
        elif known and name not in _HARMLESS:
            yield Flaw((*path, name), "UNKNOWN_FIELD", "There is no such field here.")
    for name in schema.get("required", []):
        if name not in value:
            yield Flaw((*path, name), "BASE_TYPE_REQUIRED", "This field is required")


def _choice(path: Place, choices: list[Any]) -> Flaw:
    return Flaw(path, "BASE_TYPE_CHOICES", f"Value must be one of {set(choices)}.")
