"""Reviews through GraphQL."""
