"""Knowledge items: a kind of content."""
