"""Ideas: proposals for improvement, from anyone's sentence to a decision that is answered in time."""
