"""Somebody else's things, one of each sort, and a print of the database that shows whether anything changed."""

from typing import Any
from uuid import uuid4

import httpx
from tests.conftest import Actor, Company

from kshare.core.ids import new_id

ROLES = (
    "anonymous",
    "without_scopes",
    "employee",
    "outsider",
    "reviewer",
    "knowledge_manager",
    "rd_manager",
    "committee",
    "finance",
    "hr",
    "administrator",
)
"""Who tries everything: `rd_manager` is a knowledge manager for one department, `without_scopes` an administrator
whose key has no scopes."""

_SORTS = {
    "contribution": "contribution",
    "metric": "metric",
    "dashboard": "dashboard",
    "chart": "chart",
    "put_outcome_value": "outcome_series",
    "outcome_value": "outcome_value",
    "series": "outcome_series",
    "reviewed_place": "reviewed_place",
    "review_assignment": "review_assignment",
    "reviewassignment": "review_assignment",
    "reviewconflict": "review_assignment",
    "review_judgement": "review_judgement",
    "givereviewjudgement": "review_assignment",
    "reviewjudgement": "review_judgement",
    "comparison": "comparison",
    "panel": "panel",
    "template": "template",
    "team_call": "team_call",
    "callfor": "team",
    "team_application": "team_application",
    "team_invitation": "team_invitation",
    "challenge_entr": "challenge_entry",
    "entry_id": "challenge_entry",
    "scorecard": "scorecard",
    "challenge": "challenge",
    "judge": "person",
    "team": "team",
    "decision": "decision",
    "ids": "decision",
    "resource_request": "resource_request",
    "resource_grant": "resource_grant",
    "resource_entr": "resource_entry",
    "budget": "budget",
    "benefit_total": "idea",
    "benefit_entr": "benefit_entry",
    "benefit": "benefit",
    "milestone": "milestone",
    "pilot": "pilot",
    "rollout": "rollout",
    "gate": "gate",
    "incubation": "idea",
    "polic": "policy",
    "form_version": "form_version",
    "formversion": "form_version",
    "form": "form",
    "review": "review",
    "external": "external",
    "other_tag": "other_tag",
    "into_id": "other_idea",
    "intoid": "other_idea",
    "into": "other_tag",
    "knowledge_item": "item",
    "content": "item",
    "idea": "idea",
    "node": "item",
    "revision": "revision",
    "unsealing": "unsealing",
    "comment": "comment",
    "categor": "category",
    "tag": "tag",
    "role": "role",
    "key": "key",
    "department": "department",
    "group": "group",
    "person": "person",
    "people": "person",
    "member": "person",
    "manager": "person",
}
"""Sorts of things by the words they are called by; the first word that is found counts."""


MADE_LATER = ("getIdeaTriage", "ideaTriage")
"""Reads of what a reactor makes of a thing."""


class World:
    """The owner is an employee of rd whom none of the roles is; what is the owner's is published to everyone."""

    def __init__(self, company: Company) -> None:
        self.company, self.server = company, company.server
        self.owner = company.hire("物主", "rd")
        self._judges: dict[str, Actor] = {}
        self.actors: dict[str, httpx.Client] = {
            "anonymous": company.anonymous,
            "without_scopes": company.hire(
                "无权", "rd", roles=(("administrator", None),), clearance=3, scopes=["none"]
            ).rest,
            "employee": company.employee.rest,
            "outsider": company.outsider.rest,
            "reviewer": company.reviewer.rest,
            "knowledge_manager": company.manager.rest,
            "rd_manager": company.rd_manager.rest,
            "committee": company.committee.rest,
            "finance": company.finance.rest,
            "hr": company.hr.rest,
            "administrator": company.admin.rest,
        }
        self._things: dict[str, str] = {}
        self._last_person: str | None = None

    def sort_of(self, called: str) -> str:
        """What a path segment, a parameter, an argument or a field names."""
        words = called.replace("-", "_").lower()
        return next((sort for word, sort in _SORTS.items() if word in words), called)

    def one(self, called: str) -> str:
        """The id of the one thing of its sort, made when it is first asked for."""
        sort = self.sort_of(called)
        if sort not in self._things:
            self._things[sort] = self.another(sort)
        return self._things[sort]

    def await_what(self, operation: str) -> None:
        """Waits until what an operation reads has been made of the things that there are."""
        if operation in MADE_LATER:
            self.server.settle()

    def another(self, called: str) -> str:
        """The id of a new thing of its sort; a made-up one for what nothing here is called."""
        make = getattr(self, f"_{self.sort_of(called)}", None)
        return str(make() if make else new_id())

    def _item(self) -> str:
        """One that was published before a policy came to hold for it."""
        item = self.owner.item(title=f"共享 {uuid4().hex[:6]}")
        place = self.one("watched_place")
        self.server.sql("UPDATE content SET category_id = $2::uuid WHERE id = $1::uuid", item["id"], place)
        return str(item["id"])

    def _watched_place(self) -> str:
        """A category whose knowledge is reviewed."""
        place = self._category()
        body = {"kind": "knowledge_item", "category_id": place, "needs": "one"}
        self._made("/review-policies", self.company.committee, **body)
        return place

    def _policy(self) -> str:
        body = {"kind": "knowledge_item", "category_id": self._category(), "needs": "one"}
        return self._made("/review-policies", self.company.committee, **body)

    def _form(self) -> str:
        criteria = [{"name": "效果", "means_1": "没有", "means_5": "很大"}]
        return self._made("/review-forms", self.company.committee, name="评审表", criteria=criteria)

    def _form_version(self) -> str:
        form = self.company.committee.rest.get(f"/review-forms/{self._form()}")
        return str(form.json()["current"]["id"])

    def _review(self) -> str:
        """One of a draft of the owner's, which two judge and nobody else."""
        judges = [self.company.hire(f"评审{n}", "rd") for n in range(2)]
        group = self._group()
        for judge in judges:
            added = self.company.hr.rest.put(f"/groups/{group}/members/{judge.id}")
            assert added.status_code < 300, added.text
        body = {"kind": "knowledge_item", "needs": "quorum", "quorum": 2, "groups": [group]}
        place = self._category()
        self._made("/review-policies", self.company.committee, category_id=place, **body)
        draft = self.owner.item(publish=False, category_id=place)["id"]
        review = self._made(f"/content/{draft}/reviews", self.owner)
        self._judges[review] = judges[0]
        return review

    def _review_assignment(self) -> str:
        review = self._review()
        own = self._judges[review].rest.get(f"/reviews/{review}").json()["assignment"]
        return str(own["id"])

    def _review_judgement(self) -> str:
        review = self._review()
        judge = self._judges[review]
        path = f"/review-assignments/{judge.rest.get(f'/reviews/{review}').json()['assignment']['id']}/judgements"
        return self._made(path, judge, revision=1, verdict="approve")

    def _panel(self) -> str:
        """One that compares and is open, which the administrator leads and in which the owner judges."""
        members = [str(self.owner.id), str(self.company.hire("评委", "rd").id)]
        ideas = [self._made("/ideas", self.company.hire("提案人", "rd"), title=f"建议 {n}") for n in range(2)]
        body = {"name": f"评审会 {uuid4().hex[:6]}", "method": "pairs", "ideas": ideas, "members": members}
        panel = self._made("/panels", self.company.admin, **body)
        opened = self.company.admin.rest.post(f"/panels/{panel}/open", json={})
        assert opened.status_code == 200, opened.text
        return panel

    def _comparison(self) -> str:
        """What the owner said in a panel."""
        path = f"/panels/{self._panel()}"
        pair = self.owner.rest.get(f"{path}/next-pair").json()
        first, second = pair["first"]["id"], pair["second"]["id"]
        return self._made(f"{path}/comparisons", self.owner, first_id=first, second_id=second, outcome="tie")

    def _idea(self) -> str:
        response = self.owner.rest.post("/ideas", json={"title": f"建议 {uuid4().hex[:6]}"})
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    def _carried_out(self, thing: str, **fields: Any) -> str:
        """Something of an approved idea."""
        idea = self._idea()
        self.server.sql("UPDATE content SET stage = 'approved' WHERE id = $1::uuid", idea)
        response = self.owner.rest.post(f"/ideas/{idea}/{thing}", json=fields)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    def _milestone(self) -> str:
        return self._carried_out("milestones", title="装好", due_on="2099-01-01")

    def _pilot(self) -> str:
        period = {"from_on": "2026-01-01", "until_on": "2099-01-01"}
        return self._carried_out("pilots", site="二号仓", measure="电量", **period)

    def _rollout(self) -> str:
        return self._carried_out("rollout-sites", site="槟城", planned_on="2099-01-01")

    def _gate(self) -> str:
        return self._carried_out("gates", title="还做吗")

    def _budget(self) -> str:
        body = {"name": f"工时 {uuid4().hex[:6]}", "kind": "hours", "amount": 100, "owner_id": str(self.owner.id)}
        response = self.company.finance.rest.post("/budgets", json=body)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    def _resource_request(self) -> str:
        return self._carried_out("resource-requests", kind="hours", amount=10, purpose="改造夹具")

    def _resource_grant(self) -> str:
        path = f"/resource-requests/{self._resource_request()}/grant"
        response = self.company.finance.rest.post(path, json={"budget_id": self._budget()})
        assert response.status_code == 200, response.text
        return str(response.json()["grant"]["id"])

    def _resource_entry(self) -> str:
        grant = self._resource_grant()
        used = self.owner.rest.post(f"/resource-grants/{grant}/use", json={"amount": 2})
        assert used.status_code == 200, used.text
        return str(self.owner.rest.get(f"/resource-grants/{grant}/entries").json()["items"][0]["id"])

    def _benefit(self) -> str:
        figure = {"type": "time", "first_year": 100, "starts_on": "2025-01-01", "basis": "每天少走半小时"}
        benefit = self._carried_out("benefits", **figure)
        of_benefit = "(SELECT content_id FROM benefit WHERE id = $1::uuid)"
        self.server.sql(f"UPDATE content SET stage = 'implemented' WHERE id = {of_benefit}", benefit)
        return benefit

    def _benefit_entry(self) -> str:
        return str(self.owner.rest.get(f"/benefits/{self._benefit()}").json()["claimed"]["id"])

    def _decision(self) -> str:
        """One that only those know of who decide."""
        idea = self._idea()
        body = {"outcome": "approved", "private": True}
        response = self.company.committee.rest.post(f"/ideas/{idea}/decision", json=body)
        assert response.status_code == 200, response.text
        return str(self.server.sql("SELECT id FROM idea_decision WHERE content_id = $1::uuid", idea)[0]["id"])

    _other_idea = _idea

    def _unsealing(self) -> str:
        """Asked for by somebody whom none of the roles is."""
        response = self.owner.rest.post("/ideas", json={"title": f"匿名 {uuid4().hex[:6]}", "anonymous": True})
        assert response.status_code == 201, response.text
        asking = self.company.hire("请求人", "root", roles=(("hr", None),))
        request = asking.rest.post(f"/content/{response.json()['id']}/unsealings", json={"reason": "要找到本人"})
        assert request.status_code == 201, request.text
        return str(request.json()["id"])

    def _made(self, path: str, actor: Any = None, **body: Any) -> str:
        """The id of what a POST makes; the owner's unless somebody else is named."""
        response = (actor or self.owner).rest.post(path, json=body)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    def _team(self) -> str:
        return self._made("/teams", name=f"小组 {uuid4().hex[:6]}", idea_id=self._idea())

    def _team_call(self) -> str:
        """One that looks for whatever sampled applications offer."""
        return self._made(f"/teams/{self._team()}/calls", skills=["x"], seats=5, closes_at="2099-01-01T00:00:00Z")

    def _team_application(self) -> str:
        applicant = self.company.hire("应征者", "rd")
        return self._made(f"/team-calls/{self._team_call()}/applications", applicant, skill="x")

    def _team_invitation(self) -> str:
        return self._made(f"/teams/{self._team()}/invitations", person_id=self._person())

    def _challenge(self) -> str:
        """One that the company reads and that has not opened, so that it can still be changed."""
        return self._challenge_of(opens_at="2098-12-01T00:00:00Z")

    def _challenge_of(self, **fields: Any) -> str:
        sponsor = self.company.hire("出题人", "rd", roles=(("committee", None),))
        self._judge = self.company.hire("评委", "rd")
        body = {"title": f"征集 {uuid4().hex[:6]}", "closes_at": "2099-01-01T00:00:00Z", "publish": True}
        return self._made("/challenges", sponsor, **body, judges=[str(self._judge.id)], **fields)

    def _challenge_entry(self) -> str:
        return self._made(f"/challenges/{self._challenge_of()}/entries", idea_id=self._idea())

    def _scorecard(self) -> str:
        """One of a challenge whose results are published, so that not only its judge sees it."""
        entry = self._challenge_entry()
        of_entry = "content_id = (SELECT challenge_id FROM challenge_entry WHERE id = $1::uuid)"
        past = "opens_at = now() - interval '2 days', closes_at = now() - interval '1 day'"
        self.server.sql(f"UPDATE challenge SET {past} WHERE {of_entry}", entry)
        card = self._judge.rest.put(f"/challenge-entries/{entry}/scorecard", json={"abstain": True})
        assert card.status_code == 200, card.text
        self.server.sql(f"UPDATE challenge SET results_at = now() WHERE {of_entry}", entry)
        return str(card.json()["id"])

    def _template(self) -> str:
        return "problem_solution"

    def _revision(self) -> str:
        item = self._item()
        return str(self.server.sql("SELECT id FROM content_revision WHERE content_id = $1", item)[0]["id"])

    def _comment(self) -> str:
        response = self.owner.rest.post(f"/content/{self._item()}/comments", json={"body": "看过了"})
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    def _category(self) -> str:
        id = new_id()
        self.server.sql(
            "INSERT INTO category (id, name, path, version, created_at, updated_at)"
            " VALUES ($1, $2, ARRAY[$1]::uuid[], 1, now(), now())", id, f"类 {id}",
        )  # fmt: skip
        return str(id)

    def _tag(self) -> str:
        id = new_id()
        self.server.sql(
            "INSERT INTO tag (id, name, curated, version, created_at, updated_at)"
            " VALUES ($1, $2, true, 1, now(), now())",
            id,
            f"签 {id}",
        )
        self.server.sql(
            "INSERT INTO tag_name (folded, tag_id, name, preferred) VALUES ($2, $1, $2, true)", id, f"签 {id}"
        )
        return str(id)

    _other_tag = _tag

    def _external(self) -> str:
        """An id of the system "x" that an item, an idea, a person, a department and a series of outcomes have."""
        name = uuid4().hex
        response = self.owner.rest.put(
            f"/knowledge-items/by-external-id/x/{name}", json={"kind": "sop", "title": "来自别处", "publish": True}
        )
        assert response.status_code == 201, response.text
        response = self.owner.rest.put(f"/ideas/by-external-id/x/{name}", json={"title": "来自别处"})
        assert response.status_code == 201, response.text
        series = ("outcome_series", self._outcome_series())
        for table, id in (("person", self._person()), ("department", self._department()), series):
            self.server.sql(f"UPDATE {table} SET external_source = 'x', external_id = $1 WHERE id = $2", name, id)
        return name

    def _contribution(self) -> str:
        """One of the owner's."""
        item = self._item()
        self.server.settle()
        return str(self.server.sql("SELECT id FROM contribution WHERE content_id = $1", item)[0]["id"])

    def _metric(self) -> str:
        return "active_sharers"

    def _chart(self) -> str:
        return "sharing"

    def _dashboard(self) -> str:
        return "overview"

    def _outcome_series(self) -> str:
        body = {"name": f"研发周期 {uuid4().hex[:6]}", "unit": "天", "better": "lower"}
        return self._made("/outcome-series", self.company.finance, **body)

    def _outcome_value(self) -> str:
        """One of the owner's department."""
        path = f"/outcome-series/{self._outcome_series()}/values"
        value = {"department_id": str(self.company.departments["rd"]), "month": "2026-01", "value": "41.5"}
        put = self.company.finance.rest.put(path, json={"values": [value]})
        assert put.status_code == 200, put.text
        return str(self.company.finance.rest.get(path).json()["items"][0]["id"])

    def _person(self) -> str:
        self._last_person = str(self.company.hire("某人", "rd").id)
        return self._last_person

    def _department(self) -> str:
        id = new_id()
        root = self.company.departments["root"]
        self.server.sql(
            "INSERT INTO department (id, name, parent_id, path, version, created_at, updated_at)"
            " VALUES ($1, $2, $3, ARRAY[$3, $1]::uuid[], 1, now(), now())", id, f"部门 {id}", root,
        )  # fmt: skip
        return str(id)

    def _group(self) -> str:
        id = new_id()
        self.server.sql(
            "INSERT INTO people_group (id, name, version, created_at, updated_at) VALUES ($1, $2, 1, now(), now())",
            id, f"组 {id}",
        )  # fmt: skip
        return str(id)

    def _key(self) -> str:
        owner = self._last_person or self._person()
        return str(self.server.sql("SELECT id FROM api_key WHERE person_id = $1", owner)[0]["id"])

    def _role(self) -> str:
        id = new_id()
        self.server.sql(
            "INSERT INTO role_assignment (id, person_id, role, created_at) VALUES ($1, $2, 'reviewer', now())",
            id, self._last_person or self._person(),
        )  # fmt: skip
        return str(id)


_NOISE = {"api_key": "last_used_at"}
"""Columns that kshare writes by itself."""
_UNWATCHED = (
    "alembic_version",
    "contribution",
    "contribution_redated",
    "likeness_count",
    "metric_flow",
    "metric_stale",
    "metric_state",
    "metric_value",
    "reactor",
    "search_query",
    "searched_text",
)
"""Tables that kshare writes by itself, or later than the request that it writes of."""


def fingerprint(server: Any) -> dict[str, tuple[int, int]]:
    """Rows of each table, and a sum over all their values: equal prints mean that nothing was written."""
    names = server.sql(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND relname <> ALL($1) ORDER BY relname", list(_UNWATCHED),
    )  # fmt: skip
    queries = [
        f"SELECT '{name}' AS name, count(*) AS rows,"
        f" sum(hashtextextended((to_jsonb(t) - '{_NOISE.get(name, '')}')::text, 0)) AS sum FROM {name} t"
        for (name,) in names
    ]
    return {row["name"]: (row["rows"], int(row["sum"] or 0)) for row in server.sql(" UNION ALL ".join(queries))}
