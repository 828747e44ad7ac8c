"""Reviews: one fair way to judge knowledge and ideas."""
