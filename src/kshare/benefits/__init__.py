"""Benefits of ideas: what is claimed, committed and verified, and how much of it came true."""
