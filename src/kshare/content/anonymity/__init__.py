"""Content without its author's name: sealing who it was, opening that by two people, credit that tells nothing."""
