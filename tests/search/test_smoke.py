from tests.conftest import Company


def test_smoke(company: Company) -> None:
    a = company.employee.item(title="高压变频器轴承失效复盘", body="SKF 6205 轴承在低温条件下磨损。质量 <b>很</b> 好。", tags=["失效分析"])
    company.server.settle()
    r = company.colleague.rest.get("/search", params={"q": "轴承", "facets": "true"})
    print(r.text)
    assert r.status_code == 200 and r.json()["items"][0]["content"]["id"] == a["id"]
    for order in ("newest", "best"):
        r = company.colleague.rest.get("/search", params={"q": "轴承", "order": order})
        assert r.json()["total"]["value"] == 1, r.text
    d = company.colleague.data("""{ search(query: "轴承 SKF") { nodes { score title snippet content { id title __typename author { name } tags { name } } }
      edges { cursor node { title } } pageInfo { hasNextPage endCursor } total { value exact } terms facets { kind { value count } } } }""")
    print(d)
    r = company.manager.rest.get("/search/queries")
    print(r.text)
