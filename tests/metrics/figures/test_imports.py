import subprocess
import sys

PROBE = """
import importlib, pkgutil, sys
import kshare.metrics.figures as figures
names = [module.name for module in pkgutil.iter_modules(figures.__path__)]
for name in names:
    importlib.import_module(f"kshare.metrics.figures.{name}")
from kshare.metrics.figures import intervals, rising, survival
intervals.wilson(3, 10), intervals.poisson_exact(3, 10), rising.rate_ratio(3, 7, 4, 28)
survival.curve([1, 2, 3], [True, False, True]).quantile(0.5)
print(*sorted(names))
print(*sorted({name.split(".")[0] for name in sys.modules} & {"numpy", "scipy", "sqlalchemy", "fastapi", "pydantic"}))
"""


def test_a_server_starts_without_numpy() -> None:
    probe = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    names, loaded = probe.stdout.split("\n")[:2]
    assert names.split() == [
        "bootstrap", "concentration", "exact", "intervals", "publishing", "rising", "survival", "tails",
    ]  # fmt: skip
    assert loaded == ""
