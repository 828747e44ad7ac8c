"""One script in two worlds: the same is done in both, but for what some judge in secret. And who may tell them apart.

What is known here of blindness is the rule alone, written down once more: who has a right to what others said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from tests.reviews.alike import canonical, differences
from tests.reviews.scenes import ALONE, CHAIRS, COMPARED, KNOWLEDGE, SCORED, Said, Scene
from tests.reviews.watching import everything, told, told_in

SAID: tuple[Said, ...] = (
    {"scores": (5, 1), "comment": "写得清楚", "remark": False},
    {"scores": (1, 4), "comment": "", "remark": True},
    {"scores": (3, 3), "comment": "再想想", "remark": True},
)
SUBMITTED = (*KNOWLEDGE, *ALONE)
REQUIRED = 3
Secret = tuple[str, int, str]
"""Whose judgement of which text (its number, its name) differs."""


@dataclass
class Script:
    """The two worlds so far."""

    one: Scene
    other: Scene
    secrets: set[Secret] = field(default_factory=set)
    gave: dict[str, dict[str, int]] = field(default_factory=dict)
    """The newest text that somebody has surely judged, by what is judged and by person."""
    perhaps: dict[str, dict[str, int]] = field(default_factory=dict)
    """The same of those who may have."""
    kept_out: dict[str, set[str]] = field(default_factory=dict)
    conflicted: dict[str, set[str]] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    compared: set[tuple[str, str, str]] = field(default_factory=set)
    steps: int = 0
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for content in ("规范", "点子"):
            self.submit(content)
        self.one.open_panels()
        self.other.open_panels()

    def both(self, what: str, do: Any, status: int | None = None) -> httpx.Response:
        """Does the same in both worlds, with the same success; answers what the first one said."""
        self.steps += 1
        step = f"{self.steps} {what}"
        answers = [do(scene, step) for scene in (self.one, self.other)]
        codes = [answer.status_code for answer in answers]
        self.log.append(f"{step}: {codes[0]}")
        assert codes[0] == codes[1], f"{what} shows a difference: {answers[0].text} {answers[1].text}\n{self.log}"
        assert status is None or codes[0] == status, answers[0].text
        return answers[0]  # type: ignore[no-any-return]

    # ---- acts

    def submit(self, content: str) -> None:
        self.both(f"submit {content}", lambda scene, step: scene.submit(step, content), 201)

    def edit(self, content: str) -> None:
        self.both(f"edit {content}", lambda scene, step: scene.edit(step, content))
        # The clock of reviews hears of it, and asks again whoever owes it again.
        for scene in (self.one, self.other):
            scene.company.server.settle()

    def open_reviews(self) -> list[str]:
        return [name for name in self.one.reviews if name not in self.over and name not in COMPARED]

    def takes_part(self, content: str) -> list[str]:
        """Who was asked to judge something and has not kept out; the same in both worlds."""
        asked, other = self.one.asked(content), self.other.asked(content)
        assert list(asked) == list(other), f"{list(asked)} and {list(other)} are asked to judge {content}\n{self.log}"
        return [name for name in asked if name not in self.kept_out.get(content, set())]

    def dirty(self, name: str, content: str) -> bool:
        return any((who, what) == (name, content) for who, _, what in self.secrets)

    def would_end(self, name: str, content: str) -> bool:
        """Whether a review might end in one of the worlds if one more judged its newest text."""
        if content in SCORED:
            return False
        newest = {who for who, text in self.perhaps.get(content, {}).items() if text == self.one.texts[content]}
        return len({*newest, name} - self.kept_out.get(content, set())) >= REQUIRED

    def secret(self, content: str, name: str, here: Sequence[int], there: Sequence[int]) -> None:
        """Somebody judges something in each world otherwise, or not at all."""
        if self.would_end(name, content):
            return
        text = self.one.texts[content]
        self.steps += 1
        for scene, plan in ((self.one, here), (self.other, there)):
            for number, said in enumerate(plan):
                answer = scene.judge(f"{self.steps}.{number} in secret", name, content, SAID[said])
                assert answer.status_code == 201, f"{answer.text}\n{self.log}"
        self.log.append(f"{self.steps} {name} judges {content} in secret: {here} or {there}")
        if here or there:
            self.perhaps.setdefault(content, {})[name] = text
        if here and there:
            self.gave.setdefault(content, {})[name] = text
        if list(here) != list(there):
            self.secrets.add((name, text, content))

    def judge(self, content: str, name: str, said: int) -> None:
        if self.would_end(name, content):
            return
        self.both(f"{name} judges {content}", lambda scene, step: scene.judge(step, name, content, SAID[said]), 201)
        for known in (self.gave, self.perhaps):
            known.setdefault(content, {})[name] = self.one.texts[content]

    def keep_out(self, content: str, name: str, how: str) -> None:
        """Declines, names somebody else, or declares a conflict."""
        if how != "conflict" and (self.dirty(name, content) or name in self.gave.get(content, {})):
            return
        body: dict[str, Any] = {"reason": "没有时间"}

        def do(scene: Scene, step: str) -> httpx.Response:
            more = {"person_id": str(scene.people["戊"].id)} if how == "delegate" else {}
            return scene.act(
                step, name, "POST", f"/review-assignments/{scene.assignment(name, content)}/{how}", body | more
            )

        if self.both(f"{name}: {how} of {content}", do).status_code == 200:
            self.kept_out.setdefault(content, set()).add(name)
            if how == "conflict":
                self.conflicted.setdefault(content, set()).add(name)

    def assign(self, content: str, name: str) -> None:
        def do(scene: Scene, step: str) -> httpx.Response:
            body = {"person_id": str(scene.people[name].id)}
            return scene.act(step, "旁观", "POST", f"/reviews/{scene.reviews[content]}/assign", body)

        self.both(f"旁观 asks {name} to judge {content}", do)

    def withdraw(self, content: str) -> None:
        name = "作者" if content in KNOWLEDGE else "主持"

        def do(scene: Scene, step: str) -> httpx.Response:
            return scene.act(step, name, "POST", f"/reviews/{scene.reviews[content]}/withdraw", {"reason": "再改改"})

        if self.both(f"{name} withdraws {content}", do).status_code == 200:
            self.over.add(content)

    def attempt(self, content: str, kind: int) -> None:
        """What cannot be done while it is judged: to decide, to publish, to close a panel without a reason."""
        name, path, body = (
            ("旁观", "/ideas/{id}/decision", {"outcome": "approved", "explanation": "值得做"}),
            ("作者", "/knowledge-items/{id}/publish", None),
            ("旁观", "/panels/{panel}/close", {}),
            ("旁观", "/ideas/{id}/decision", {"outcome": "declined", "reason": "out_of_scope", "explanation": "不做"}),
        )[kind]  # fmt: skip
        if content in self.over:
            return

        def do(scene: Scene, step: str) -> httpx.Response:
            url = path.format(id=scene.contents[content], panel=scene.panels["评审会"])
            return scene.act(step, name, "POST", url, body)

        assert not self.both(f"{name} tries {path} of {content}", do).is_success

    def comment(self, content: str, name: str) -> None:
        def do(scene: Scene, step: str) -> httpx.Response:
            answer = scene.act(step, name, "POST", f"/content/{scene.contents[content]}/comments", {"body": "看过了"})
            if answer.status_code == 201:
                scene.comments[f"comment {len(scene.comments)}"] = answer.json()["id"]
            return answer

        self.both(f"{name} comments on {content}", do)

    def compare(self, name: str, pair: tuple[str, str], here: str | None, there: str | None) -> None:
        """Somebody compares two in each world otherwise, or not at all."""
        if (name, *pair) in self.compared:
            return
        self.compared.add((name, *pair))
        self.steps += 1
        for scene, outcome in ((self.one, here), (self.other, there)):
            if outcome is not None:
                answer = scene.compare(f"{self.steps} in secret", name, *pair, outcome)
                assert answer.status_code == 201, f"{answer.text}\n{self.log}"
        self.log.append(f"{self.steps} {name} compares {pair} in secret: {here} or {there}")
        if here != there:
            self.secrets |= {(name, 1, content) for content in pair}

    # ---- who may know what

    def may_know(self, name: str, secret: Secret) -> bool:
        """Whether somebody has a right to what somebody judged."""
        judge, text, content = secret
        if judge == name:
            return True
        if content in self.over:
            stayed = name in self.gave.get(content, {}) and name not in self.kept_out.get(content, set())
            return stayed or name in ("作者", "发明人", "主持", "庚", "旁观", "管理员")
        if content in COMPARED:
            return name == CHAIRS["比选会"]
        if name in self.kept_out.get(content, set()):
            return False
        if self.gave.get(content, {}).get(name, 0) >= text:
            return True
        return (name == "作者" and content in KNOWLEDGE) or (name == "主持" and content in ALONE)

    def blind(self) -> list[str]:
        """Who has no right to anything in which the worlds differ."""
        return [name for name in self.one.people if not any(self.may_know(name, one) for one in self.secrets)]

    def check(self, observers: Sequence[str]) -> None:
        """That these people cannot tell the worlds apart, nor can anybody from who is asked, or from what has ended."""
        assert self.one.states() == self.other.states(), self.log
        for content in self.one.reviews:
            self.takes_part(content)
        for scene in (self.one, self.other):
            scene.company.server.settle()
        for name in observers:
            found = self.told_apart(name)
            assert not found, f"{name} can tell:\n" + "\n".join([*found, *self.log])

    def told_apart(self, name: str) -> list[str]:
        """Where somebody who reads everything is told something else in the other world."""
        secrets = sorted(self.secrets)
        found: list[Mapping[str, str]] = []
        for scene in (self.one, self.other):
            requests = everything(scene.things(secrets, [name]), scene.word, near=True)
            # The next pair follows from the ids of judges; that it does not follow from what others prefer is tested
            # in one world.
            requests = [one for one in requests if "next" not in one.label]
            answers = {f"answer to {step}": told_in(heard) for step, heard in scene.heard.get(name, {}).items()}
            found.append(
                canonical(answers | told(scene.people[name], requests) | self._tried(scene, name), scene.known())
            )
        return differences(*found)

    def _tried(self, scene: Scene, name: str) -> dict[str, str]:
        """What somebody is told who tries what they may not do, or does it wrong; nothing comes of it."""
        answers: dict[str, httpx.Response] = {}
        rest = scene.people[name].rest
        for judge, what in sorted({(who, what) for who, _, what in self.secrets} | {(name, what) for what in SCORED}):
            if what in COMPARED or judge not in scene.asked(what):
                continue
            place = f"/review-assignments/{scene.assignment(judge, what)}"
            wrong: dict[str, Any] = {"revision": 999, "verdict": "approve"}
            answers[f"{judge} {what} stale"] = rest.post(f"{place}/judgements", json=wrong)
            answers[f"{judge} {what} nothing"] = rest.post(f"{place}/judgements", json={"revision": scene.texts[what]})
            if judge != name:
                for how in ("decline", "conflict"):
                    answers[f"{judge} {what} {how}"] = rest.post(f"{place}/{how}", json={"reason": "不是我"})
                person = {"person_id": str(scene.people[judge].id)}
                url = f"/reviews/{scene.reviews[what]}/assign"
                answers[f"{judge} {what} again"] = rest.post(url, json=person)
            if what not in KNOWLEDGE and what not in self.over:
                url = f"/ideas/{scene.contents[what]}/decision"
                answers[f"{what} decide"] = rest.post(url, json={"outcome": "approved"})
        for panel, id in scene.panels.items():
            # Whoever may close it without a reason is its chair.
            if CHAIRS[panel] != name:
                answers[f"{panel} close"] = rest.post(f"/panels/{id}/close", json={})
            answers[f"{panel} edit"] = rest.patch(f"/panels/{id}", json={"name": "x"}, headers={"If-Match": '"1"'})
        assert not any(answer.is_success for answer in answers.values()), answers
        return {f"trying {what}": told_in(answer) for what, answer in answers.items()}
