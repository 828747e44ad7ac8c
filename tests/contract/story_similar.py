"""Somebody types an idea that is there already."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Both ways to find what is alike."""
    first = {"title": "给叉车加装倒车雷达", "summary": "三号库上个月倒车撞过两次货架。"}
    idea = company.outsider.rest.post("/ideas", json=first).json()["id"]
    company.server.settle()
    typed = {"title": "叉车装上倒车雷达和蜂鸣器", "limit": 2}
    do("findSimilarIdeas", company.employee, body=typed)
    do("listSimilarIdeas", company.employee, idea, limit=2)
