"""Writes matrix.yaml anew: `python -m tests.access.write`. What it changes is to be reviewed."""

import os
import subprocess
import sys

if __name__ == "__main__":
    command = [sys.executable, "-m", "pytest", "-q", "tests/access/test_matrix.py", "-k", "test_write"]
    sys.exit(subprocess.run(command, env={**os.environ, "KSHARE_WRITE_MATRIX": "1"}, check=False).returncode)
