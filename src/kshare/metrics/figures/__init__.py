"""The arithmetic of metrics: intervals, concentration, survival, what rises, and what may be published.

Knows no database and no web. The same input gives the same answer, whatever the order of sets and mappings.

numpy is imported inside the functions that use it, so that a server starts without its time and memory.
"""

import os

# As in the arithmetic of reviews: one thread is enough. OpenBLAS looks here once, when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
