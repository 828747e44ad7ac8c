"""The arithmetic of reviews: scores, agreement between judges, rankings from pairs. Knows no database and no web.

numpy is imported inside the functions that use it, so that a server starts without its time and memory.
"""
