"""Knowledge items from draft to archive, through both doors."""

from tests.conftest import Company


def test_a_draft_is_published_and_found_by_others(company: Company) -> None:
    item = company.employee.item(publish=False, title="轴承失效复盘", tags=["失效分析"])
    assert company.colleague.rest.get(f"/knowledge-items/{item['id']}").status_code == 404
    published = company.employee.rest.post(f"/knowledge-items/{item['id']}/publish")
    assert published.json()["state"] == "published"
    seen = company.colleague.data("query($id: ID!) { knowledgeItem(id: $id) { title tags { name } } }", id=item["id"])
    assert seen["knowledgeItem"] == {"title": "轴承失效复盘", "tags": [{"name": "失效分析"}]}
