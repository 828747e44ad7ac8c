"""Which departments use whose knowledge."""
