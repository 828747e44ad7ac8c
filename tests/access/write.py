"""Writes matrix.yaml: `python -m tests.access.write` all of it anew, with `missing` the rows of new operations. What it
changes is to be reviewed."""

import os
import subprocess
import sys

if __name__ == "__main__":
    command = [sys.executable, "-m", "pytest", "-q", "tests/access/test_matrix.py", "-k", "test_write"]
    which = "missing" if sys.argv[1:] == ["missing"] else "all"
    sys.exit(subprocess.run(command, env={**os.environ, "KSHARE_WRITE_MATRIX": which}, check=False).returncode)
