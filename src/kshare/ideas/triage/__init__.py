"""Triage: what is suggested for an idea that has just arrived, before a person looks at it.

The corpus suggests by itself: what is alike (`neighbours`) tells category, size and reviewers, and the words of the
idea (`assessing`) how complete it is and whom it concerns. A model, if there is one (`model`), may choose other values.
"""
