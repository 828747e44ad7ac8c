"""The only code that changes people, departments, groups, roles and keys."""
