"""Ideas through GraphQL, by subject."""
