"""The commands of docs/reviews.md work as they stand there."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.conftest import Company

PAGE = (Path(__file__).parents[2] / "docs/reviews.md").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page's commands are made of curl")
def test_its_commands_review_knowledge_and_ideas(fresh: Company, tmp_path: Path) -> None:
    roles = ("employee", "reviewer", "manager", "committee", "finance", "hr", "admin")
    (tmp_path / "data").mkdir()
    keys = {role: getattr(fresh, role).key for role in roles}
    (tmp_path / "data/demo-keys.json").write_text(json.dumps(keys))
    commands = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.S))
    commands = commands.replace("http://127.0.0.1:8000", fresh.server.url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, (done.stdout[-1500:], done.stderr)
    assert '"errors"' not in done.stdout, done.stdout
    assert "published\n" in done.stdout
    # An answer ends without a line break, and so before the next one begins.
    places = [found.start() for found in re.finditer(r'{"data"', done.stdout)]
    running, decided, ranked = (json.JSONDecoder().raw_decode(done.stdout, place)[0]["data"] for place in places)
    assert running["review"] == {"state": "open", "progress": {"given": 1, "approvals": 1}}
    assert decided["decideIdea"]["decision"] == {"outcome": "declined", "advice": "approve"}
    results = [node["result"] for node in ranked["panelResults"]["nodes"]]
    assert [result["rank"] for result in results] == [1, 2, 3, 4, 5]
    assert all(result["low"] < result["strength"] < result["high"] for result in results)
    assert [result["certainty"] is None for result in results] == [False] * 4 + [True]
