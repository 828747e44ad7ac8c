"""Whatever people do, and in whatever order, the account says what follows from the tables, and nothing else."""

from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from tests.conftest import Actor, Company
from tests.contributions.accounts import account, net, standing, with_database
from tests.contributions.reference import Reference
from tests.reviews.reviewing import form, judge, policy

from kshare.contributions.ledger import complete

OPEN = "state = 'published' AND stage IN ('submitted', 'screening', 'evaluation')"


class History:
    """A company in which things happen at random; what is refused changes nothing, and the history goes on."""

    def __init__(self, company: Company, seed: int) -> None:
        self.company, self.random = company, Random(seed)
        roles: list[Any] = [(), (), (), (("knowledge_manager", None),), (("committee", None),)]
        self.people = [
            company.hire(f"员工{n}", ("rd", "sales", "rd_pressure")[n % 3], roles=r) for n, r in enumerate(roles)
        ]
        self.items: list[str] = []
        self.ideas: list[str] = []
        self.comments: list[str] = []
        self.reviews: list[Any] = []
        self.author: dict[str, Actor] = {}
        self.done: Counter[str] = Counter()
        self.deed = ""
        policy(
            company, None, kind="idea", variety="large", needs="one", roles=["committee"], form_id=form(company)["id"]
        )

    def somebody(self) -> Actor:
        return self.random.choice(self.people)

    def whose(self, content: str) -> Actor:
        """Mostly its author, sometimes somebody else."""
        author = self.author.get(content)
        return author if author is not None and self.random.random() < 0.7 else self.somebody()

    def note(self, response: Any) -> Any:
        """What was done; a refusal is nothing but that."""
        assert response.status_code < 500, response.text
        self.done[self.deed] += response.status_code < 300
        return response.json() if response.status_code in (200, 201) else None

    def one_of(self, things: list[str]) -> str:
        return self.random.choice(things) if things else "00000000-0000-7000-8000-00000000ffff"

    def idea(self, where: str) -> str:
        """Mostly one for which the condition holds, sometimes any."""
        fit = self.company.server.sql(f"SELECT id FROM content WHERE kind = 'idea' AND {where} ORDER BY id")
        return self.one_of([str(row["id"]) for row in fit] if self.random.random() < 0.8 else self.ideas)

    def content(self) -> str:
        return self.one_of(self.items + self.ideas)

    def post(self, path: str, actor: Actor | None = None, **body: Any) -> Any:
        return self.note((actor or self.somebody()).rest.post(path, json=body))

    def patch(self, path: str, actor: Actor, **body: Any) -> None:
        self.note(actor.rest.patch(path, json=body, headers={"If-Match": "*"}))

    def write(self) -> None:
        body = {"kind": "sop", "title": "条目", "publish": self.random.random() < 0.8}
        anonymous = body["publish"] and self.random.random() < 0.15
        author = self.somebody()
        if (made := self.post("/knowledge-items", author, **body, anonymous=anonymous)) is not None:
            self.items.append(made["id"])
            self.author[made["id"]] = author

    def revise(self) -> None:
        item = self.one_of(self.items)
        self.patch(f"/knowledge-items/{item}", self.whose(item), body=f"正文 {self.random.random()}")

    def archive_or_publish(self) -> None:
        item = self.one_of(self.items)
        self.post(f"/knowledge-items/{item}/{self.random.choice(['archive', 'publish'])}", self.whose(item))

    def propose(self) -> None:
        author, other = self.somebody(), self.somebody()
        share = self.random.randint(1, 99)
        shared = [{"person_id": str(author.id), "share": share}, {"person_id": str(other.id), "share": 100 - share}]
        size = self.random.choice(["small", "small", "large"])
        body: dict[str, Any] = {"title": "建议", "size": size, "coauthors": shared if author is not other else []}
        if not body["coauthors"]:
            body["anonymous"] = self.random.random() < 0.3
        if (made := self.post("/ideas", author, **body)) is not None:
            self.ideas.append(made["id"])
            self.author[made["id"]] = author

    def share(self) -> None:
        idea = self.one_of(self.ideas)
        author = self.author.get(idea, self.people[0])
        others = self.random.sample([person for person in self.people if person is not author], 2)
        shares = zip([author, *others], [10, 27, 63], strict=True)
        ask = [{"person_id": str(person.id), "share": share} for person, share in shares]
        self.patch(f"/ideas/{idea}", author, coauthors=ask)

    def decide(self) -> None:
        body = {"outcome": self.random.choice(["approved", "approved", "declined"])}
        if body["outcome"] == "declined":
            body |= {"reason": "too_costly", "explanation": "这次不做"}
        path = f"/ideas/{self.idea(OPEN)}/decision"
        self.post(path, self.company.committee, **body, private=self.random.random() < 0.2)

    def publish_decisions(self) -> None:
        rows = self.company.server.sql("SELECT id FROM idea_decision WHERE published_at IS NULL")
        if rows:
            self.post("/idea-decisions:publish", self.company.committee, ids=[str(row["id"]) for row in rows])

    def implement(self) -> None:
        idea = self.idea("stage = 'approved' AND state = 'published'")
        self.post(f"/ideas/{idea}/implementation", self.company.committee)

    def withdraw_or_reinstate(self) -> None:
        what, state = self.random.choice([("withdraw", "published"), ("reinstate", "archived")])
        idea = self.idea(f"state = '{state}'")
        self.post(f"/ideas/{idea}/{what}", self.whose(idea))

    def merge_or_not(self) -> None:
        idea, other = self.idea(OPEN), self.idea("state = 'published'")
        if self.random.random() < 0.6:
            self.post(f"/ideas/{idea}/merge", self.company.committee, into_id=other)
        else:
            merged = self.idea("state = 'archived'")
            self.post(f"/ideas/{merged}/unmerge", self.company.committee)

    def comment(self) -> None:
        if (made := self.post(f"/content/{self.content()}/comments", body="说一句")) is not None:
            self.comments.append(made["id"])

    def delete_comment(self) -> None:
        path = f"/comments/{self.one_of(self.comments)}"
        self.note(self.company.manager.rest.delete(path, headers={"If-Match": "*"}))

    def review(self) -> None:
        idea = self.idea(f"{OPEN} AND variety = 'large'")
        made = self.post(f"/content/{idea}/reviews", self.company.committee)
        if made is not None:
            self.reviews.append(made)

    def judge(self) -> None:
        if not self.reviews:
            return
        review = self.random.choice(self.reviews)
        rows = self.company.server.sql(
            "SELECT person_id FROM review_assignment WHERE review_id = $1 AND state = 'asked'", review["id"]
        )
        asked = [person for person in [*self.people, self.company.committee] if person.id in {r[0] for r in rows}]
        if not asked:
            return
        who = self.random.choice(asked)
        if self.random.random() < 0.25:
            own = who.rest.get(f"/reviews/{review['id']}").json()["assignment"]
            self.post(f"/review-assignments/{own['id']}/conflict", who, reason="亲戚")
            return
        shown = who.rest.get(f"/reviews/{review['id']}").json()
        criteria = [one["criterion"]["id"] if "criterion" in one else one["id"] for one in shown["form"]["criteria"]]
        scores = [{"criterion_id": id, "score": 4, "comment": "可行"} for id in criteria]
        self.note(judge(who, review, None, scores=scores, comment=""))  # type: ignore[arg-type]

    def move(self) -> None:
        """Sometimes to a day that is over."""
        since = date.today() - timedelta(days=self.random.choice([0, 0, 1, 3, 400]))
        place = self.random.choice(list(self.company.departments.values()))
        person = self.random.choice(self.people)
        self.post(f"/people/{person.id}/move", self.company.hr, department_id=str(place), since=since.isoformat())

    def leave_or_return(self) -> None:
        person = self.random.choice(self.people[:3])
        body = {"active": self.random.random() < 0.6}
        self.patch(f"/people/{person.id}", self.company.admin, **body)

    def credit(self) -> None:
        self.company.server.sql(
            "INSERT INTO credit (id, person_id, reason, amount, day) VALUES (uuidv7(), $1, 'contribution', $2, $3)",
            self.somebody().id,
            self.random.randint(1, 3),
            date.today() - timedelta(days=self.random.randint(0, 30)),
        )

    def age(self) -> None:
        """What was done seems older than it is; nothing tells of that but a look at everything."""
        days, content = self.random.randint(1, 40), self.content()
        for table, column, moments in (
            ("content", "id", ("created_at", "published_at", "listed_at")),
            ("content_revision", "content_id", ("created_at",)),
            ("comment", "content_id", ("created_at",)),
        ):
            earlier = ", ".join(f"{moment} = {moment} - {days} * interval '1 day'" for moment in moments)
            first = " AND number = 1" if table == "content_revision" else ""
            self.company.server.sql(f"UPDATE {table} SET {earlier} WHERE {column} = $1::uuid{first}", content)

    def go(self, deeds: int, *, untold: bool = False) -> None:
        """`untold`: among what happens is what no entry of the journal tells."""
        often = {
            self.write: 6, self.revise: 8, self.archive_or_publish: 3, self.propose: 8, self.share: 5, self.decide: 6,
            self.publish_decisions: 2, self.implement: 4, self.withdraw_or_reinstate: 5, self.merge_or_not: 4,
            self.comment: 8, self.delete_comment: 4, self.review: 4, self.judge: 8, self.move: 4,
            self.leave_or_return: 2,
        } | ({self.credit: 4, self.age: 8} if untold else {})  # fmt: skip
        for deed in self.random.choices(list(often), list(often.values()), k=deeds):
            self.deed = deed.__name__
            deed()

    def check(self) -> None:
        """That the account says what the reference does, and the rows what can be pulled."""
        found, reference = standing(self.company), Reference(self.company).standing()
        assert found == reference, (list((reference - found).elements())[:5], list((found - reference).elements())[:5])
        sums: Counter[Any] = Counter()
        for (person, _, rule, _, on, weight, *_), times in reference.items():
            sums[str(person), rule, on.isoformat()] += weight * times
        assert net(account(self.company.hr)) == {key: weight for key, weight in sums.items() if weight}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_account_says_what_the_tables_say(fresh: Company, seed: int) -> None:
    history = History(fresh, seed)
    for _ in range(2):
        history.go(60)
        fresh.server.settle()
        history.check()
    history.go(60, untold=True)
    fresh.server.settle()
    with_database(fresh, complete)
    history.check()
    assert with_database(fresh, complete) == 0
    assert history.done.total() > 70, history.done
    assert len({key[2] for key in standing(fresh)}) >= 6
