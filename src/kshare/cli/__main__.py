"""`python -m kshare.cli` is `kshare`."""

from kshare.cli import app

app()
