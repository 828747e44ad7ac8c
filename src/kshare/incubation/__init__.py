"""From an approved idea to what is done at every site: milestones, pilots, roll-out, gates."""
