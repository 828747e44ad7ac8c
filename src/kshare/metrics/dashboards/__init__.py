"""Dashboards (G4): each is one call that answers figures ready to be drawn."""
