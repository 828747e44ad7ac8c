"""Figures as contracts: what is counted, how it is rolled up, and what of it may be told."""
