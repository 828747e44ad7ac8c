"""The arithmetic of reviews: scores, agreement between judges, rankings from pairs. Knows no database and no web.

numpy is imported inside the functions that use it, so that a server starts without its time and memory.
"""

import os

# Threads of OpenBLAS wait for each other actively. A matrix of 200 rows gains nothing by them, and on a machine that is
# busy anyway it takes ten times as long. OpenBLAS looks here once, when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
