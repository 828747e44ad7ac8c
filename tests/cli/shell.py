"""`kshare` as people use it: a process, on a data directory of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from tests.postmaster import main_process
from typer.testing import CliRunner

from kshare.cli.commands import app

PATIENCE = 120
"""Seconds. A machine that runs other tests beside these may be slow; no test depends on how slow."""


@dataclass
class Shell:
    """Runs `kshare` with a data directory and nothing else configured."""

    data: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KSHARE_")}
        return kept | {"KSHARE_DATA_DIR": str(self.data), "KSHARE_PORT": "0", "PYTHONUNBUFFERED": "1"} | self.more

    def start(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "kshare.cli", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment | environment,
            cwd=self.data.parent,
        )

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """A command to its end, in this process, which has everything imported already."""
        wanted = self.environment | environment
        gone: dict[str, str | None] = {name: None for name in os.environ if name not in wanted}
        done = CliRunner().invoke(app, arguments, env=gone | wanted)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


class Served:
    """A running `kshare serve`."""

    def __init__(self, shell: Shell, *arguments: str, **environment: str) -> None:
        self.shell = shell
        self.began = time.monotonic()
        self.process = shell.start("serve", *arguments, **environment)
        self.lines: list[str] = []
        self.errors: list[str] = []
        for stream, lines in ((self.process.stdout, self.lines), (self.process.stderr, self.errors)):
            threading.Thread(target=self._read, args=(stream, lines), daemon=True).start()
        self.wait_for("Ctrl-C stops it.")
        self.url = re.search(r"ready at (\S+)", self.text)[1]  # type: ignore[index]

    @staticmethod
    def _read(stream: "object", lines: list[str]) -> None:
        for line in stream:  # type: ignore[attr-defined]
            lines.append(line)

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while words not in self.text:
            assert self.process.poll() is None, f"it ended: {self.text}{''.join(self.errors)}"
            assert time.monotonic() < deadline, f"no {words!r} in {self.text}{''.join(self.errors)}"
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGINT, patience: float = PATIENCE) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(patience)

    @property
    def keys(self) -> dict[str, str]:
        keys: dict[str, str] = json.loads((self.shell.data / "demo-keys.json").read_text())
        return keys

    def client(self, key: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def postmaster(self) -> int:
        return main_process(self.shell.data / "postgres")


@dataclass
class Demo:
    """One demo company for all tests; a test that stops or kills the server has the next one start it again."""

    shell: Shell
    _served: Served | None = None

    def running(self) -> Served:
        if self._served is None or self._served.process.poll() is not None:
            self._served = Served(self.shell, "--demo")
        return self._served

    def close(self) -> None:
        if self._served is not None:
            self._served.stop()
