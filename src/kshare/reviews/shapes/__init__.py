"""Reviews: as readers see them, as callers ask for them, as the journal records them."""
