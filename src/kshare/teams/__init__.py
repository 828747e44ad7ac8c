"""Teams: who works on an idea together, calls for the skills they lack, applications and invitations."""
