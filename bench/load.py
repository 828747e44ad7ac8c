"""The load generator: a process of its own that asks and times, at little cost to the machine it shares.

It reads commands from stdin and writes results to stdout, one JSON line each: `{"name", "requests"}` keeps a set of
requests (whole HTTP/1.1 requests as text); `{"run", "port", "connections", "seconds" | "count", "status"}` sends them
in turn over that many connections, each waiting for its answer before it asks again.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import uvloop

PATIENCE = 20.0
"""Seconds a run may take longer than it should; a request more than one."""


class LoadError(Exception):
    """A server gave a wrong answer, or none; the message holds the answer."""


class _Run:
    """One run: which request is next, and what came of those that were sent."""

    def __init__(self, requests: Sequence[bytes], status: bytes, seconds: float | None, count: int, start: int) -> None:
        self.requests, self.status, self.seconds = requests, status, seconds
        self.sent, self.count = 0, count
        self.start = start
        self.until = time.perf_counter() + seconds if seconds is not None else None
        self.times: list[int] = []
        self.wrong = ""

    def following(self) -> bytes | None:
        """The next request; None when the run is over."""
        over = self.sent >= self.count if self.until is None else time.perf_counter() >= self.until
        if over or self.wrong:
            return None
        request = self.requests[(self.start + self.sent) % len(self.requests)]
        self.sent += 1
        return request


class _Connection(asyncio.Protocol):
    """One connection: one request after the other. Answers must carry their length."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._buffer = b""
        self._expected = 0
        self._asked = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport  # uvloop's own class, no asyncio.Transport
        self._ask()

    def _ask(self) -> None:
        request = self._run.following()
        if request is None:
            self._end()
            return
        self._asked = time.perf_counter_ns()
        self._transport.write(request)

    def _end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        if not self._expected:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = buffer
                return
            head = buffer[:end].lower()
            _, found, rest = head.partition(b"\r\ncontent-length:")
            if not found:
                self._run.wrong = self._run.wrong or f"an answer without a length: {head.decode(errors='replace')}"
                self._end()
                return
            self._expected = end + 4 + int(rest.partition(b"\r\n")[0])
        if len(buffer) < self._expected:
            self._buffer = buffer
            return
        self._run.times.append(time.perf_counter_ns() - self._asked)
        if buffer[9:12] != self._run.status:
            self._run.wrong = self._run.wrong or buffer[:2000].decode(errors="replace")
        self._buffer, self._expected = b"", 0
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self._run.wrong = self._run.wrong or f"the connection was closed: {error}"
            self.done.set_result(None)


async def _run(run: _Run, port: int, connections: int) -> None:
    loop = asyncio.get_running_loop()
    opened = await asyncio.gather(
        *(loop.create_connection(lambda: _Connection(run), "127.0.0.1", port) for _ in range(connections))
    )
    try:
        async with asyncio.timeout((run.seconds or 0) + run.count + PATIENCE):
            await asyncio.gather(*(connection.done for _, connection in opened))
    except TimeoutError:
        run.wrong = run.wrong or "no answer in time"


def serve_commands() -> None:
    """The life of the generator's process."""
    kept: dict[str, list[bytes]] = {}
    for line in sys.stdin:
        command = json.loads(line)
        answer: dict[str, Any] = {}
        if "name" in command:
            kept[command["name"]] = [request.encode() for request in command["requests"]]
        else:
            run = _Run(
                kept[command["run"]],
                str(command["status"]).encode(),
                command["seconds"],
                command["count"] or 0,
                command["start"],
            )
            began = time.perf_counter()
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_run(run, command["port"], command["connections"]))
            took = time.perf_counter() - began
            answer = {"seconds": took, "times": run.times, "wrong": run.wrong}
        print(json.dumps(answer), flush=True)


@dataclass(frozen=True)
class Result:
    """What came of a run: how long it took, and each answer, in seconds."""

    seconds: float
    times: list[float]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds


class Load:
    """The generator, as those who measure see it; a context manager."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def _tell(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise LoadError("the load generator ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def keep(self, name: str, requests: Sequence[str]) -> None:
        """A set of requests, to be run by its name."""
        self._tell({"name": name, "requests": list(requests)})

    def run(
        self,
        name: str,
        port: int,
        *,
        connections: int = 1,
        seconds: float | None = None,
        count: int | None = None,
        status: int = 200,
        start: int = 0,
    ) -> Result:
        """Sends a set for so long, or so many of it, beginning with its `start`-th.

        Raises `LoadError` for an answer with another status.
        """
        command = {"run": name, "port": port, "connections": connections, "seconds": seconds, "count": count}
        answer = self._tell(command | {"status": status, "start": start})
        if answer["wrong"]:
            raise LoadError(f"{name} on port {port}: {answer['wrong']}")
        return Result(answer["seconds"], [nanoseconds / 1e9 for nanoseconds in answer["times"]])


def http(method: str, path: str, key: str, body: bytes | None = None) -> str:
    """A whole request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {key}", "Accept: */*"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines) + "\r\n\r\n" + (body.decode() if body is not None else "")


if __name__ == "__main__":
    serve_commands()
