"""What tells that two ideas are alike."""

from kshare.ideas.likeness.nearest import nearest
from kshare.ideas.likeness.prints import LikenessKeeper, rewrite_prints
from kshare.ideas.likeness.scoring import DUPLICATE, RELATED

__all__ = ["DUPLICATE", "RELATED", "LikenessKeeper", "nearest", "rewrite_prints"]
