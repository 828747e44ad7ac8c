"""Challenges: questions of sponsors that ideas answer by a deadline, judged blindly, with results published at once."""
