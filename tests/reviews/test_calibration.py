"""Three samples that all members of a panel judge before the rest, beside a reference."""

from typing import Any

from tests.conftest import Company
from tests.reviews.panelling import Panel, chair_of, idea, panel, printed, scorecard, unchanged
from tests.reviews.reviewing import done, owed


def reference(one: Panel, *scores: int) -> list[dict[str, Any]]:
    criteria = one.form["current"]["criteria"]
    return [{"criterion_id": c["id"], "score": score} for c, score in zip(criteria, scores, strict=True)]


def with_samples(company: Company, *worth: tuple[int, int], members: Any = 2, **fields: Any) -> tuple[Panel, list[str]]:
    """A panel with samples that are worth so much; long decided on."""
    one = panel(company, 1, members, **fields)
    samples = []
    for scores in worth:
        sample = idea(company.employee)
        done(company.committee.rest.post(f"/ideas/{sample}/decision", json={"outcome": "approved"}))
        done(one.post("samples", idea_id=sample, reference=reference(one, *scores)))
        samples.append(sample)
    return one, samples


def test_samples_are_judged_before_the_rest_and_beside_the_reference(company: Company) -> None:
    one, samples = with_samples(company, (1, 2), (3, 3), (5, 4))
    first, second = one.members
    read = one.read()
    assert [[s["score"] for s in sample["reference"]] for sample in read["samples"]] == [[1, 2], [3, 3], [5, 4]]
    assert (read["ideas"], one.read(first)["samples"]) == (1, [])
    began = done(one.chair.rest.post(f"{one.path}/calibrate"))
    assert (began["state"], began["progress"]) == ("calibrating", {"asked": 6, "given": 0})
    assert [len(owed(member)) for member in one.members] == [3, 3]
    assert all(entry["review"]["sample"] for entry in owed(first))
    decided = company.server.sql("SELECT judged_by FROM idea WHERE content_id = ANY($1::uuid[])", samples)
    assert {row["judged_by"] for row in decided} == {0}
    # Whose idea is a sample learns nothing of it.
    assert company.employee.rest.get("/reviews", params={"content": samples[0]}).json()["items"] == []

    def references(member: Any) -> list[list[int]]:
        return [[s["score"] for s in sample["reference"]] for sample in one.read(member)["samples"]]

    assert references(first) == [[], [], []]
    done(one.score(first, samples[0], 2, 2), 201)
    assert references(first) == [[1, 2], [], []]
    assert references(second) == [[], [], []]
    assert one.page("calibration", first) == [], "not before all samples are judged"
    done(one.score(first, samples[1], 5, 3), 201)
    done(one.score(first, samples[2], 5, 2), 201)
    # What they say once they have seen the reference is not compared with it.
    done(one.score(first, samples[0], 1, 2), 201)
    (own,) = one.page("calibration", first)
    assert own["person"]["id"] == str(first.id)
    shown = [(c["criterion"]["name"], c["difference"]) for c in own["criteria"]]
    assert shown == [("效果", 1.0), ("可行", 0.6667)]
    assert [(s["score"], s["reference"]) for s in own["criteria"][0]["scores"]] == [(2, 1), (5, 3), (5, 5)]
    assert one.page("calibration", second) == []
    assert one.page("calibration") == [own], "the chair sees who has judged them all"
    data = one.chair.data(
        """query($p: ID!) { panelCalibration(panelId: $p) { nodes { person { name }
          a: criteria { difference }
          criteria { difference criterion { name } scores { title score reference } } } } }""",
        p=one.id,
    )
    (node,) = data["panelCalibration"]["nodes"]
    assert [c["difference"] for c in node["a"]] == [1.0, 0.6667]

    before = printed(company)
    refused = unchanged(company, one.post("open"), 409, before=before)
    assert (refused["missing"], {row["person_id"] for row in refused["owed"]}) == (3, {str(second.id)})
    unchanged(company, one.post("open", company.admin), 422, before=before)
    for sample in samples:
        done(one.score(second, sample, 3, 3), 201)
    opened = one.open()
    assert (opened["state"], opened["opening_note"], opened["progress"]) == ("open", None, {"asked": 2, "given": 0})
    assert [len(owed(member)) for member in one.members] == [1, 1]
    assert len(one.page("calibration")) == 2 and len(one.page("calibration", second)) == 1
    ended = one.review(samples[0])
    assert (ended["state"], ended["result"]["score"], ended["result"]["advice"]) == ("closed", None, None)
    advice = company.server.sql("SELECT judged_by, advice FROM idea WHERE content_id = ANY($1::uuid[])", samples)
    assert {(row["judged_by"], row["advice"]) for row in advice} == {(0, None)}
    owners = (
        "SELECT 1 FROM journal WHERE happened LIKE 'review%' AND content_id = ANY($1::uuid[]) AND $2 = ANY(readers)"
    )
    assert company.server.sql(owners, samples, company.employee.id) == []
    for member in one.members:
        done(one.score(member, one.ideas[0], 4, 4), 201)
    one.close()
    assert [row["subject"]["id"] for row in one.page("results")] == one.ideas
    assert one.page("agreement")[0]["units"] == 1


def test_a_panel_opens_without_a_sample_for_a_reason(company: Company) -> None:
    one, samples = with_samples(company, (1, 2), (3, 3), (5, 4))
    before = printed(company)
    unchanged(company, one.post("open"), 409, before=before)
    done(one.chair.rest.post(f"{one.path}/calibrate"))
    first, second = one.members
    for sample in samples:
        done(one.score(first, sample, 3, 3), 201)
    opened = one.open(reason="一位评委出差，样例已讲解。")
    assert opened["opening_note"] == "一位评委出差，样例已讲解。"
    assert [entry["review"]["sample"] for entry in owed(second)] == [False]
    assert [row["person"]["id"] for row in one.page("calibration")] == [str(first.id)]
    assert all(sample["reference"] == [] for sample in one.read(second)["samples"])


def test_a_chair_who_judges_sees_others_after_their_own(company: Company) -> None:
    chair = chair_of(company)
    other = company.hire("评委", "rd")
    one, samples = with_samples(company, (1, 2), (3, 3), (5, 4), members=[chair, other], chair=chair)
    done(chair.rest.post(f"{one.path}/calibrate"))
    for sample in samples:
        done(one.score(other, sample, 3, 3), 201)
    assert one.page("calibration") == []
    for sample in samples:
        done(one.score(chair, sample, 2, 2), 201)
    assert len(one.page("calibration")) == 2


def test_a_cancelled_calibration_leaves_nothing(company: Company) -> None:
    one, _ = with_samples(company, (1, 2), (3, 3), (5, 4))
    done(one.chair.rest.post(f"{one.path}/calibrate"))
    assert done(one.post("cancel", reason="改期"))["state"] == "cancelled"
    assert owed(one.members[0]) == []
    assert one.author.rest.get("/reviews", params={"content": one.ideas[0]}).json()["items"] == []
    again = panel(company, one.ideas, 2)
    assert again.open()["state"] == "open"


def test_what_is_no_sample(company: Company) -> None:
    one, _ = with_samples(company, (1, 2), (3, 3))
    before = printed(company)
    unchanged(company, one.chair.rest.post(f"{one.path}/calibrate"), 409, before=before)
    sample = idea(company.employee)
    foreign = scorecard(company)["current"]["criteria"][0]["id"]
    good = reference(one, 3, 4)
    before = printed(company)
    for given, pointer, code in (
        (good[:1], "/reference", "scores_missing"),
        ([good[0], good[0]], "/reference/1/criterion_id", "duplicate"),
        ([good[0], {"criterion_id": foreign, "score": 3}], "/reference/1/criterion_id", "unknown_reference"),
        ([good[0], good[1] | {"score": 6}], "/reference/1/score", "less_than_equal"),
    ):
        response = one.post("samples", idea_id=sample, reference=given)
        error = unchanged(company, response, 422, before=before)["errors"][0]
        assert (error["pointer"], error["code"]) == (pointer, code)
    hidden = idea(company.employee, draft=True)
    before = printed(company)
    unchanged(company, one.post("samples", idea_id=hidden, reference=good), 422, before=before)
    unchanged(company, one.post("samples", idea_id=one.ideas[0], reference=good), 409, "already_exists", before=before)
    done(one.post("samples", idea_id=sample, reference=good))
    fourth = idea(company.employee)
    before = printed(company)
    unchanged(company, one.post("samples", idea_id=fourth, reference=good), 409, before=before)
    # Another form has other criteria.
    other = scorecard(company)["id"]
    before = printed(company)
    patched = one.chair.rest.patch(one.path, json={"form_id": other}, headers={"If-Match": "*"})
    unchanged(company, patched, 409, before=before)


def test_a_member_judges_no_sample_of_their_own(company: Company) -> None:
    one, _ = with_samples(company, (1, 2), (3, 3))
    own = idea(one.members[0])
    done(one.post("samples", idea_id=own, reference=reference(one, 4, 4)))
    before = printed(company)
    refused = unchanged(company, one.chair.rest.post(f"{one.path}/calibrate"), 409, before=before)
    assert refused["people"] == [{"idea_id": own, "person_id": str(one.members[0].id)}]
    assert one.chair.rest.delete(f"{one.path}/ideas/{own}").status_code == 204
    assert len(one.read()["samples"]) == 2
