"""One demo company, served by `kshare serve`, for the tests of the command line."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.shell import Demo, Served, Shell


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A place every user may pass through: as root, PostgreSQL runs as another one."""
    with tempfile.TemporaryDirectory(prefix="kshare-cli-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def demo(home: Path) -> Iterator[Demo]:
    demo = Demo(Shell(home / "data"))
    yield demo
    demo.close()


@pytest.fixture
def served(demo: Demo) -> Served:
    return demo.running()
