"""docs/ideas.md draws the stages as they are, and its commands work as they stand there."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import Company

from kshare.ideas.stages import TRANSITIONS

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs/ideas.md").read_text(encoding="utf-8")


def test_the_drawn_arrows_are_the_table() -> None:
    (drawing,) = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", PAGE, re.S)
    drawn = sorted(re.findall(r"^ +(\w+) --> (\w+)$", drawing, re.M))
    assert drawn == sorted((start, end) for start, ends in TRANSITIONS.items() for end in ends)
    assert re.findall(r"\[\*\] --> (\w+)", drawing) == ["submitted"]
    assert re.findall(r"(\w+) --> \[\*\]", drawing) == [stage for stage, ends in TRANSITIONS.items() if not ends]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page's commands are made of curl")
def test_its_commands_take_an_idea_from_a_sentence_to_a_verified_benefit(company: Company, tmp_path: Path) -> None:
    roles = ("employee", "reviewer", "committee", "finance", "hr")
    (tmp_path / "data").mkdir()
    keys = {role: getattr(company, role).key for role in roles}
    (tmp_path / "data/demo-keys.json").write_text(json.dumps(keys))
    commands = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.S))
    commands = commands.replace("http://127.0.0.1:8000", company.server.url)
    commands = commands.replace("python3 examples/", f"'{sys.executable}' '{TOP}/examples/").replace(".py ", ".py' ")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, (done.stdout[-1500:], done.stderr)
    assert '"errors"' not in done.stdout, done.stdout
    assert done.stdout.count("1 of 1 ideas are in kshare") == 2
    last = json.loads(done.stdout[done.stdout.rindex('{"data"') :])["data"]
    assert last["idea"]["stage"] == "verified"
    assert last["idea"]["votes"] == 1, "that of the merged one"
    assert float(last["ideaBenefits"]["nodes"][0]["verified"]["firstYear"]) == 77350.4
