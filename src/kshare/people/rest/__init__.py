"""People, departments, groups, roles and keys through REST."""
