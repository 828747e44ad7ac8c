"""A nightly job: brings the items of another system into kshare, and can simply be run again.

    KSHARE_URL=http://127.0.0.1:8000 KSHARE_KEY=ksk_… python examples/submit_items.py wiki items.ndjson

`wiki` names the other system; `items.ndjson` has one JSON object a line: the `id` it has there, and the fields of
`CreateKnowledgeItem` (kind and title at least). What is new is created, what has changed is updated, what is equal
stays as it is. With `--one-by-one` each item is its own request. Needs `pip install httpx`.

Exit status: 0 if everything was taken, 1 if something was refused (each refusal is printed), 2 if the server could not
be used.
"""

import argparse
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

ATTEMPTS = 8
LONGEST_WAIT = 60.0
BATCH = 100
"""Items in a request; the server takes up to 500 as JSON, and as many as fit into its largest body."""

Wait = Callable[[float], None]


def send(client: httpx.Client, method: str, path: str, *, wait: Wait = time.sleep, **request: Any) -> httpx.Response:
    """One request, repeated while the server is busy or away. The caller makes sure that repeating it is harmless."""
    pause = 1.0
    for attempt in range(1, ATTEMPTS + 1):
        try:
            response = client.request(method, path, **request)
        except httpx.TransportError:
            if attempt == ATTEMPTS:
                raise
            asked = pause
        else:
            # 409 is here for an Idempotency-Key whose first request is still running.
            if response.status_code not in (409, 429, 503) or attempt == ATTEMPTS:
                return response
            if "retry-after" not in response.headers:
                return response
            asked = max(float(response.headers["retry-after"]), pause)
        wait(min(asked, LONGEST_WAIT))
        pause *= 2
    raise AssertionError("not reached")


def put_item(client: httpx.Client, source: str, item: dict[str, Any], *, wait: Wait = time.sleep) -> httpx.Response:
    """Creates or updates one item. PUT says what is to be, so it may be repeated as often as one likes."""
    body = {name: value for name, value in item.items() if name != "id"}
    path = f"/v1/knowledge-items/by-external-id/{quote(source, safe='')}/{quote(str(item['id']), safe='')}"
    return send(client, "PUT", path, json=body, wait=wait)


def post_batch(
    client: httpx.Client, source: str, items: Sequence[dict[str, Any]], *, wait: Wait = time.sleep
) -> list[dict[str, Any]]:
    """Creates or updates many items; the result of each, in their order. Raises `httpx.HTTPStatusError`."""
    batch = [
        {name: value for name, value in item.items() if name != "id"}
        | {"external_source": source, "external_id": str(item["id"])}
        for item in items
    ]
    # The same key for every attempt: if the first one did arrive, the others are given its answer.
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    response = send(client, "POST", "/v1/knowledge-items:batch", json={"items": batch}, headers=headers, wait=wait)
    response.raise_for_status()
    results: list[dict[str, Any]] = response.json()["items"]
    return results


def submit(client: httpx.Client, source: str, items: Sequence[dict[str, Any]], *, one_by_one: bool) -> Iterator[str]:
    """Submits all items; a line for each that was refused."""
    if one_by_one:
        for item in items:
            response = put_item(client, source, item)
            if response.status_code >= 400:
                yield f"{item['id']}: {reason(response.json())}"
        return
    for start in range(0, len(items), BATCH):
        part = items[start : start + BATCH]
        for result in post_batch(client, source, part):
            if result["problem"] is not None:
                yield f"{part[result['index']]['id']}: {reason(result['problem'])}"


def reason(problem: dict[str, Any]) -> str:
    """A problem document in a line."""
    places = "; ".join(f"{place['pointer']} {place['message']}" for place in problem.get("errors", ()))
    return f"{problem['code']}: {places or problem.get('detail', '')}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Brings the items of another system into kshare.")
    parser.add_argument("source", help="the name of the other system")
    parser.add_argument("file", type=Path, help="NDJSON: one item a line, with its `id` there")
    parser.add_argument("--one-by-one", action="store_true", help="a request for each item")
    given = parser.parse_args()
    items = [json.loads(line) for line in given.file.read_text(encoding="utf-8").splitlines() if line.strip()]
    base = os.environ.get("KSHARE_URL", "http://127.0.0.1:8000")
    headers = {"Authorization": f"Bearer {os.environ['KSHARE_KEY']}"}
    refused = 0
    try:
        with httpx.Client(base_url=base, headers=headers, timeout=30) as client:
            for line in submit(client, given.source, items, one_by_one=given.one_by_one):
                refused += 1
                print(line, file=sys.stderr)
    except httpx.HTTPError as error:
        print(f"the server could not be used: {error}", file=sys.stderr)
        return 2
    print(f"{len(items) - refused} of {len(items)} items are in kshare")
    return 1 if refused else 0


if __name__ == "__main__":
    raise SystemExit(main())
