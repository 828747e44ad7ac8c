"""Installs a wheel into an empty environment, outside of the checkout, starts it and asks it something.

python tests/smoke.py dist/kshare-*.whl
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
import venv
from pathlib import Path


def main(wheel: Path) -> None:
    constraints = Path(__file__).parents[1] / "constraints.txt"
    with tempfile.TemporaryDirectory(prefix="kshare-smoke-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        print(f"installing {wheel.name} into an empty environment ...", flush=True)
        venv.create(home / "venv", with_pip=True)
        pip = [home / "venv/bin/python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, "--constraint", constraints, wheel.resolve()], check=True)
        print("starting it ...", flush=True)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("KSHARE_", "PYTHON"))}
        environment |= {"KSHARE_DATA_DIR": str(home / "data"), "KSHARE_PORT": "0"}
        command = [home / "venv/bin/kshare", "serve", "--demo"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=home)
        try:
            address = ask(server, json_of=home / "data/demo-keys.json")
        finally:
            server.send_signal(signal.SIGINT)
        status = server.wait(60)
        print(f"answered at {address}, stopped with status {status}")
        sys.exit(status)


def ask(server: "subprocess.Popen[str]", json_of: Path) -> str:
    """Waits until it is ready and reads a page; the address."""
    assert server.stdout is not None
    address = ""
    for line in server.stdout:
        print(f"  {line}", end="", flush=True)
        if line.startswith("kshare is ready at "):
            address = line.split()[-1]
        if line.startswith("Ctrl-C"):
            break
    key = json.loads(json_of.read_text())["employee"]
    for path in ("/readyz", "/docs", "/schema.graphql", "/v1/knowledge-items?limit=1"):
        request = urllib.request.Request(address + path, headers={"Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200, path
            assert answer.read(), path
    return address


if __name__ == "__main__":
    main(Path(sys.argv[1]))
