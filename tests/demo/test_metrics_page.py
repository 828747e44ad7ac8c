"""docs/metrics.md is made of the contracts, and its commands work on the demo company as they stand there."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.demo.conftest import Demo
from tests.docs.metrics_page import PAGE, page

from kshare.metrics.definitions import METRICS


def test_the_page_is_as_the_contracts_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.docs.metrics_page"
    for metric in METRICS:
        assert f"`{metric}`" in page()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page's commands are made of curl")
def test_its_commands_work(demo: Demo, tmp_path: Path) -> None:
    server, clients = demo
    (tmp_path / "data").mkdir()
    keys = {role: client.headers["Authorization"].removeprefix("Bearer ") for role, client in clients.items()}
    (tmp_path / "data/demo-keys.json").write_text(json.dumps(keys))
    commands = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S))
    commands = commands.replace("http://127.0.0.1:8000", server.url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, (done.stdout[-1500:], done.stderr)
    assert "领导示范" in done.stdout or "活跃分享者比例" in done.stdout
    account = (tmp_path / "account.csv").read_bytes()
    assert account.startswith(b"\xef\xbb\xbf") and account.count(b"\r\n") > 100
