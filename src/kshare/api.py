"""Both doors, assembled: one line a slice."""

from kshare.edge.rest import Door
from kshare.knowledge import rest as knowledge

DOORS: list[Door] = [knowledge.door]
