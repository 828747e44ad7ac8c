"""Persons, departments, groups, roles, keys and sign-in."""
