"""Ideas through both doors."""

from uuid import uuid4

from tests.conftest import Company


def test_a_title_is_enough(company: Company) -> None:
    title = f"车间门口装感应灯 {uuid4().hex[:6]}"
    response = company.employee.rest.post("/ideas", json={"title": title})
    assert response.status_code == 201, response.text
    idea = response.json()
    assert (idea["stage"], idea["state"], idea["size"], idea["votes"]) == ("submitted", "published", "small", 0)
    assert "vote" not in idea["permissions"]
    seen = company.colleague.rest.get(f"/ideas/{idea['id']}").json()
    assert seen["author"]["id"] == str(company.employee.id)
    assert "vote" in seen["permissions"]
    assert company.colleague.rest.put(f"/ideas/{idea['id']}/vote").json()["votes"] == 1
    assert company.colleague.rest.put(f"/ideas/{idea['id']}/vote").json()["voted"] is True
    assert company.employee.rest.put(f"/ideas/{idea['id']}/vote").status_code == 403
    data = company.colleague.data(
        "query($id: ID!) { idea(id: $id) { title votes voted stage author { name } permissions } }", id=idea["id"]
    )
    assert data["idea"]["votes"] == 1
    assert data["idea"]["stage"] == "submitted"
    titles = [
        one["title"] for one in company.colleague.rest.get("/ideas", params={"stage": "submitted"}).json()["items"]
    ]
    assert title in titles
