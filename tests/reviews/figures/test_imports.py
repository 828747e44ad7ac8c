import subprocess
import sys

PROBE = """
import importlib, pkgutil, sys
import kshare.reviews.figures as figures
names = [module.name for module in pkgutil.iter_modules(figures.__path__)]
for name in names:
    importlib.import_module(f"kshare.reviews.figures.{name}")
print(*sorted(names))
print(*sorted({name.split(".")[0] for name in sys.modules} & {"numpy", "scipy", "sqlalchemy", "fastapi", "pydantic"}))
"""


def test_a_server_starts_without_numpy() -> None:
    probe = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    names, loaded = probe.stdout.split("\n")[:2]
    assert names.split() == ["agreement", "bradley_terry", "pairing", "ranking", "scores", "sharing"]
    assert loaded == ""
