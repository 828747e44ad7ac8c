"""Templates, thinking tools and triage in the day at a small company."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation once."""
    author, committee = company.employee, company.committee
    do("listIdeaTemplates", author)
    do("getIdeaTemplate", author, "triz")
    do("listTrizParameters", author)
    do("listTrizPrinciples", author)
    do("getTrizContradiction", author, improving=1, worsening=14)
    category = company.admin.rest.post("/categories", json={"name": "设备与工装", "name_en": "Equipment"}).json()["id"]
    for proposer, title, summary in (
        (company.colleague, "周转托盘换成铝的", "现在的钢托盘太重。"),
        (company.reviewer, "周转托盘加两个把手", "钢托盘太重，徒手搬会滑。"),
    ):
        known = {"title": title, "summary": summary, "category_id": category}
        proposer.rest.post("/ideas", json=known).raise_for_status()
    company.server.settle()
    answers = {
        "system": "灌封线的周转托盘",
        "improving": "1",
        "worsening": "14",
        "solution": "换成蜂窝结构的复合材料托盘，每个轻 3 公斤。",
    }
    sent = {
        "title": "又轻又牢的周转托盘",
        "summary": "每天要搬一百多次，女同事搬不动。",
        "template": "triz",
        "answers": [{"field": field, "text": text} for field, text in answers.items()],
    }
    idea = author.rest.post("/ideas", json=sent).json()["id"]
    company.server.settle()
    do("getIdeaTriage", committee, idea)
    do("confirmTriage", committee, idea, body={"size": "small", "reviewers": [str(company.colleague.id)]})
