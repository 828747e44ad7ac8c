"""The same people doing the same things twice, in two companies, where some of them judge otherwise, or not at all."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from tests.conftest import Actor, Company
from tests.reviews.alike import differences
from tests.reviews.reviewing import done, policy
from tests.reviews.watching import Things, told

JUDGES = ("甲", "乙", "丙", "丁", "戊", "己")
"""In the order in which they are asked: each fits a little better than the next."""
KNOWLEDGE = ("规范", "手册")
ALONE = ("点子", "方案")
SCORED = ("主意", "想法")
COMPARED = ("设想", "念头", "创意")
IDEAS = (*ALONE, *SCORED, *COMPARED)
PANELS = {"评审会": SCORED, "比选会": COMPARED}
MEMBERS = {"评审会": ("甲", "乙", "丙", "庚"), "比选会": ("乙", "丙", "丁")}
CHAIRS = {"评审会": "庚", "比选会": "主持"}
"""One judges as well, the other does not."""
SCORES = [{"name": "新颖", "weight": 60}, {"name": "可行", "weight": 40}]
_ANCHORS = {"means_1": "看不出", "means_5": "很突出"}

NOTHING = ("none", str(UUID(int=7)))
"""What there is not."""

Said = Mapping[str, Any]
"""What a judge says: `scores` for the criteria, a `comment`, whether with a `remark`."""


@dataclass
class Scene:
    """A few people, what they wrote, and its reviews. Only they see any of it."""

    company: Company
    number: int
    people: dict[str, Actor] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    reviews: dict[str, str] = field(default_factory=dict)
    panels: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    form: dict[str, Any] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    category: str = ""
    group: str = ""
    heard: dict[str, dict[str, httpx.Response]] = field(default_factory=dict)
    """What was answered to what somebody did, by person and step."""
    texts: dict[str, int] = field(default_factory=dict)
    """How many texts of a content there are."""

    # ---- people and what they wrote

    @property
    def word(self) -> str:
        return f"盲评{self.number}"

    def build(self) -> "Scene":
        company, number = self.company, self.number
        made = company.manager.rest.post("/categories", json={"name": f"工艺 {number}"})
        self.category = str(done(made, 201)["id"])
        for name, department, *roles in (
            ("作者", "rd"), ("发明人", "rd"), ("读者", "sales"), ("替补", "sales"),
            ("主持", "root", "committee"), ("庚", "root", "committee"),
            ("旁观", "root", "committee", "knowledge_manager"), ("管理员", "root", "administrator"),
        ):  # fmt: skip
            self.hire(name, department, *roles)
        for place, name in enumerate(JUDGES):
            judge = self.hire(name, "rd")
            within = UUID(self.category) if place < 4 else None
            company.server.sql(
                "INSERT INTO role_assignment (id, person_id, role, category_id, created_at)"
                " VALUES (uuidv7(), $1, 'reviewer', $2, now())", judge.id, within,
            )  # fmt: skip
        self.group = self._group("评委", *(self.people[name] for name in JUDGES))
        everybody = self._group("全体", *self.people.values())
        for name, items in zip(JUDGES, (3, 2, 1, 0, 1, 0), strict=True):
            judge = self.people[name]
            for title in range(items):
                judge.item(title=f"{name} {number} {title}", category_id=self.category, audience=[str(judge.id)])
        criteria = [criterion | _ANCHORS for criterion in SCORES]
        form = self.people["主持"].rest.post("/review-forms", json={"name": f"评分表 {number}", "criteria": criteria})
        self.form = done(form, 201)
        rule: dict[str, Any] = {"needs": "quorum", "quorum": 3, "groups": [self.group], "roles": ["reviewer"]}
        rule["steps_in_id"] = str(self.people["替补"].id)
        self.policies = {
            "knowledge": policy(company, self.category, **rule)["id"],
            "ideas": policy(company, self.category, kind="idea", form_id=self.form["id"], **rule)["id"],
        }
        fields = {"category_id": self.category, "audience": [everybody], "summary": self.word, "body": "一\n二\n三"}
        for name in KNOWLEDGE:
            item = self.people["作者"].item(title=f"{self.word} {name}", publish=False, **fields)
            self.contents[name] = item["id"]
        for name in IDEAS:
            ask = {"title": f"{self.word} {name}", **fields}
            self.contents[name] = done(self.people["发明人"].rest.post("/ideas", json=ask), 201)["id"]
        self.texts = dict.fromkeys(self.contents, 1)
        return self

    def _group(self, name: str, *people: Actor) -> str:
        """A group of people who have asked nothing yet: what a server knows of them it keeps for a while."""
        made = self.company.hr.rest.post("/groups", json={"name": f"{name} {self.number}"})
        id = str(done(made, 201)["id"])
        self.company.server.sql(
            "INSERT INTO group_member (group_id, person_id) SELECT $1, unnest($2::uuid[])",
            UUID(id), [person.id for person in people],
        )  # fmt: skip
        return id

    def hire(self, name: str, department: str, *roles: str) -> Actor:
        held = tuple((role, None) for role in roles)
        actor = self.company.hire(f"{name}{self.number}", department, roles=held, clearance=2)
        self.people[name] = actor
        return actor

    # ---- what they do

    def act(
        self, step: str, name: str, method: str, path: str, body: Any = None, headers: Any = None
    ) -> httpx.Response:
        """What somebody does, who hears the answer."""
        response = self.people[name].rest.request(method, path, json=body, headers=headers)
        self.heard.setdefault(name, {})[step] = response
        return response

    def submit(self, step: str, content: str) -> httpx.Response:
        name = "作者" if content in KNOWLEDGE else "主持"
        response = self.act(step, name, "POST", f"/content/{self.contents[content]}/reviews", {"note": "请看"})
        if response.status_code == 201:
            self.reviews[content] = response.json()["id"]
        return response

    def open_panels(self) -> None:
        for name, ideas in PANELS.items():
            ask = {"name": name, "chair_id": str(self.people[CHAIRS[name]].id), "hide_author": ideas is SCORED}
            ask["members"] = [str(self.people[member].id) for member in MEMBERS[name]]
            ask["ideas"] = [self.contents[idea] for idea in ideas]
            ask |= {"form_id": self.form["id"], "method": "scores"} if ideas is SCORED else {"method": "pairs"}
            chair = self.people[CHAIRS[name]].rest
            self.panels[name] = done(chair.post("/panels", json=ask), 201)["id"]
            done(chair.post(f"/panels/{self.panels[name]}/open", json={}))
        rows = self.company.server.sql(
            "SELECT id, content_id FROM review WHERE panel_id = ANY($1)", list(self.panels.values())
        )
        by_content = {str(row["content_id"]): str(row["id"]) for row in rows}
        self.reviews |= {idea: by_content[self.contents[idea]] for ideas in PANELS.values() for idea in ideas}

    def compare(self, step: str, name: str, first: str, second: str, outcome: str) -> httpx.Response:
        body = {"first_id": self.reviews[first], "second_id": self.reviews[second], "outcome": outcome}
        return self.act(step, name, "POST", f"/panels/{self.panels['比选会']}/comparisons", body)

    def edit(self, step: str, content: str) -> httpx.Response:
        name, path = ("作者", "knowledge-items") if content in KNOWLEDGE else ("发明人", "ideas")
        body = {"body": "\n".join("一二三四五六七八九"[: 3 + self.texts[content]])}
        response = self.act(step, name, "PATCH", f"/{path}/{self.contents[content]}", body, {"If-Match": "*"})
        if response.status_code == 200:
            self.texts[content] += 1
        return response

    def said(self, content: str, said: Said) -> dict[str, Any]:
        """The body of a judgement of the newest text."""
        body: dict[str, Any] = {"revision": self.texts[content], "comment": said["comment"]}
        if said["remark"]:
            body["remarks"] = [{"line_from": 2, "body": "这一行可以再短些"}]
        if content in KNOWLEDGE:
            return body | {"verdict": "approve"}
        criteria = self.form["current"]["criteria"]
        scores = zip(criteria, said["scores"], strict=True)
        return body | {"scores": [{"criterion_id": one["id"], "score": score} for one, score in scores]}

    def judge(self, step: str, name: str, content: str, said: Said) -> httpx.Response:
        path = f"/review-assignments/{self.assignment(name, content)}/judgements"
        return self.act(step, name, "POST", path, self.said(content, said))

    # ---- what became of it

    def asked(self, content: str) -> dict[str, str]:
        """Who was asked to judge something, and what became of that."""
        rows = self.company.server.sql(
            "SELECT a.person_id, a.state FROM review_assignment a WHERE a.review_id = $1 ORDER BY a.id",
            UUID(self.reviews[content]),
        )
        names = {actor.id: name for name, actor in self.people.items()}
        return {names[row["person_id"]]: row["state"] for row in rows}

    def assignment(self, name: str, content: str) -> str:
        rows = self.company.server.sql(
            "SELECT id FROM review_assignment WHERE review_id = $1 AND person_id = $2",
            UUID(self.reviews[content]), self.people[name].id,
        )  # fmt: skip
        return str(rows[0]["id"])

    def states(self) -> dict[str, str]:
        """How far each review is."""
        rows = self.company.server.sql("SELECT id, state FROM review WHERE id = ANY($1)", list(self.reviews.values()))
        by_id = {str(row["id"]): row["state"] for row in rows}
        return {name: by_id[id] for name, id in self.reviews.items()}

    def readers(self) -> dict[str, Any]:
        """Who reads each content, and as what; when it changed last, and how often."""
        query = "SELECT id, readers, reviewers, version, updated_at FROM content WHERE id = ANY($1) ORDER BY id"
        return {str(row["id"]): tuple(row) for row in self.company.server.sql(query, list(self.contents.values()))}

    def things(self, secrets: Sequence[tuple[str, int, str]] = (), observers: Sequence[str] = ()) -> Things:
        """What to ask about: what somebody judged in secret, or might have, and what these observers are asked."""
        about = [name for name in self.contents if name in self.reviews and any(name == what for _, _, what in secrets)]
        contents = [(name, self.contents[name]) for name in about]
        asked = {(name, content) for content in about for name in self.asked(content)}
        judged = {(name, what) for name, _, what in secrets}
        known = sorted(one for one in asked if one in judged or one[0] in observers)
        first = ("甲", "乙", *(name for name, _, _ in secrets[:1]))
        return {
            "content": contents,
            "item": [one for one in contents if one[0] in KNOWLEDGE],
            "idea": [one for one in contents if one[0] in IDEAS],
            "review": [(name, self.reviews[name]) for name in about],
            "assignment": [(f"{name}:{what}", self.assignment(name, what)) for name, what in known] or [NOTHING],
            "judgement": [(f"{one[0]}:{one[2]}", self._said(*one)) for one in secrets] or [NOTHING],
            "comparison": [(f"{one[0]}:{one[2]}", self._compared(*one)) for one in secrets] or [NOTHING],
            "panel": list(self.panels.items()) or [NOTHING],
            "comment": list(self.comments.items()),
            "policy": list(self.policies.items()),
            "form": [("form", self.form["id"])],
            "form_version": [("form version", self.form["current"]["id"])],
            "person": [(name, str(self.people[name].id)) for name in dict.fromkeys(first)],
            "category": [("category", self.category)],
            "group": [("group", self.group)],
        }

    def _said(self, name: str, text: int, content: str) -> str:
        """What somebody said last of a text; what there is not, if nothing."""
        rows = self.company.server.sql(
            "SELECT id FROM review_judgement WHERE review_id = $1 AND person_id = $2 AND revision = $3"
            " ORDER BY number DESC",
            UUID(self.reviews[content]), self.people[name].id, text,
        )  # fmt: skip
        return str(rows[0]["id"]) if rows else NOTHING[1]

    def _compared(self, name: str, text: int, content: str) -> str:
        rows = self.company.server.sql(
            "SELECT id FROM review_comparison WHERE $1 IN (first_id, second_id) AND person_id = $2 ORDER BY id",
            UUID(self.reviews[content]), self.people[name].id,
        )  # fmt: skip
        return str(rows[0]["id"]) if rows else NOTHING[1]

    def known(self) -> dict[str, str]:
        """What every id is called."""
        names = {str(actor.id): name for name, actor in self.people.items()}
        names |= {id: name for name, id in self.contents.items()}
        names |= {id: name for name, id in self.panels.items()}
        return names | {id: f"review of {name}" for name, id in self.reviews.items()}

    @contextmanager
    def unheard(self, requests: Mapping[str, Sequence[Any]]) -> Iterator[None]:
        """What is done within is not told to these people, who make these requests: not a byte of any answer, not
        a row of the database that says who reads what."""
        self.company.server.settle()
        before = {name: told(self.people[name], asked) for name, asked in requests.items()}
        readers = self.readers()
        yield
        self.company.server.settle()
        assert self.readers() == readers
        for name, asked in requests.items():
            found = differences(before[name], told(self.people[name], asked))
            assert not found, f"{name} is told:\n" + "\n".join(found)
