"""Records the examples of the contract anew: `python -m tests.contract.record_examples`. Review what it changes."""

import os
import subprocess
import sys

if __name__ == "__main__":
    command = [sys.executable, "-m", "pytest", "-q", "tests/contract/test_examples.py", "-k", "test_write"]
    sys.exit(subprocess.run(command, env={**os.environ, "KSHARE_RECORD_EXAMPLES": "1"}, check=False).returncode)
