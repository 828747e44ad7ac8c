"""That everything in both contracts, and every type of event, has its sentence."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from kshare import api, contract
from kshare.core.journal import Happened
from kshare.events.reads import event_types

_EVERY_CLASS = """
import importlib, json, pkgutil
from kshare import api
from kshare.core.journal import Happened
from kshare.events.reads import event_types
served = sorted(event_types())
import kshare
for module in pkgutil.walk_packages(kshare.__path__, "kshare."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
def names(base):
    return {base.event_name()}.union(*map(names, base.__subclasses__()))
print(json.dumps([served, sorted(name for name in names(Happened) if not name.endswith("happened"))]))
"""


def test_the_server_knows_every_type_of_event() -> None:
    """Those too that only a command records which no server imports."""
    told = subprocess.run([sys.executable, "-c", _EVERY_CLASS], capture_output=True, text=True, check=True).stdout
    served, written = json.loads(told)
    assert served == written


def test_every_type_of_event_says_what_happened() -> None:
    assert len(event_types()) > 40
    silent = [f"{kind.__name__} has no docstring of its own" for kind in _events(Happened) if not vars(kind)["__doc__"]]
    for kind in event_types().values():
        for name, schema in kind.payload["properties"].items():
            if not schema.get("description"):
                silent.append(f"{kind.type}: the field {name} has no docstring")
    assert not silent, "\n".join(silent)


def _events(base: type[Happened]) -> Iterator[type[Happened]]:
    for kind in base.__subclasses__():
        yield from _events(kind)
        if kind.__module__.startswith("kshare."):
            yield kind


def test_everything_in_the_graphql_schema_has_a_sentence() -> None:
    schema = api.schema()
    silent = [f"@{one.name}" for one in schema.directives if not one.description]
    for name, kind in schema.type_map.items():
        if name.startswith("__"):
            continue
        parts = [(name, kind), *((f"{name}.{value}", about) for value, about in getattr(kind, "values", {}).items())]
        for field, about in getattr(kind, "fields", {}).items():
            parts += [(f"{name}.{field}", about)]
            parts += [(f"{name}.{field}({argument})", one) for argument, one in getattr(about, "args", {}).items()]
        silent += [place for place, about in parts if not about.description]
    assert not silent, "\n".join(silent)


def test_everything_in_the_openapi_document_has_a_sentence() -> None:
    document = json.loads(contract.openapi_bytes())
    silent = [f"tag {tag['name']}" for tag in document["tags"] if not tag.get("description")]
    for path, method, operation in _operations(document):
        place = f"{method.upper()} {path}"
        if not operation.get("summary"):
            silent.append(place)
        if "ermission" not in operation["description"]:
            silent.append(f"{place}: which permission it needs")
        silent += [f"{place}: {one['name']}" for one in operation.get("parameters", ()) if not one.get("description")]
        for status, answer in operation["responses"].items():
            if answer.get("description", "Successful Response") == "Successful Response":
                silent.append(f"{place}: {status}")
    for name, schema in document["components"]["schemas"].items():
        silent += [place for place, about in _fields(name, schema) if not about.get("description")]
    assert not silent, "\n".join(silent)


def test_names_are_good_in_generated_clients() -> None:
    """No `Body_…`, no numbers, and no type within a type, for which generators make up a name."""
    document = json.loads(contract.openapi_bytes())
    names = [operation["operationId"] for _, _, operation in _operations(document)]
    assert len(set(names)) == len(names)
    bad = [name for name in names if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name)]
    for name, schema in document["components"]["schemas"].items():
        bad += [name] * (not re.fullmatch(r"([A-Z][a-z]+)+", name))
        bad += [place for place, about in _fields(name, schema) if place != name and _nameless(about)]
    assert not bad, bad


def _nameless(schema: dict[str, Any]) -> bool:
    within = [*([schema["items"]] if "items" in schema else []), *schema.get("anyOf", ())]
    return "properties" in schema or any(one.get("type") == "object" or _nameless(one) for one in within)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _fields(name: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The schema and all fields below it. What only refers to a schema has that schema's sentence."""
    if "$ref" not in schema:
        yield name, schema
    for field, about in {**schema, **schema.get("items", {})}.get("properties", {}).items():
        yield from _fields(f"{name}.{field}", about)
