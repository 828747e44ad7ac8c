"""Reviews, assignments and judgements, as readers see them."""

from datetime import datetime
from uuid import UUID

from kshare.content.shapes import Language, State
from kshare.core.choices import Choice
from kshare.core.reading import Entity, Shape
from kshare.people.shapes import PersonSummary


class ReviewMethod(Choice):
    """How something is judged."""

    verdict = "verdict", "Approved, sent back or rejected."
    scores = "scores", "By scores on a form."
    pairs = "pairs", "By comparing two at a time."


class ReviewState(Choice):
    """How far a review is."""

    preparing = "preparing", "Its panel has not opened yet."
    open = "open", "It is being judged."
    approved = "approved", "The text that was judged is shown."
    changes_requested = "changes_requested", "Somebody asked for changes; it can be submitted again."
    rejected = "rejected", "It was rejected, with a reason."
    closed = "closed", "It was judged; the results are there."
    withdrawn = "withdrawn", "It was taken back, or what was to be judged is gone."


class ReviewAssignmentState(Choice):
    """What became of being asked to judge."""

    asked = "asked", "A judgement is awaited."
    given = "given", "The judgement was given."
    declined = "declined", "The person declined."
    delegated = "delegated", "The person named somebody else."
    conflicted = "conflicted", "The person has a conflict of interest."
    absent = "absent", "The person left the company, may not judge it any more, or was late and somebody stepped in."
    released = "released", "The review ended before the person judged."


class ReviewVerdict(Choice):
    """What a reviewer says of a text."""

    approve = "approve", "It can be shown as it is."
    request_changes = "request_changes", "It can be shown when it is changed."
    reject = "reject", "It should not be shown."


class ReviewAdvice(Choice):
    """What a review of an idea advises."""

    approve = "approve", "To approve it."
    decline = "decline", "To decline it."
    undecided = "undecided", "Neither clearly."


class ReviewSubject(Entity):
    """What is judged, as its judges see it."""

    type: str
    """What it is: `knowledge_item` or `idea`."""
    state: State
    """Draft, published or archived."""
    title: str
    """The title of the text that is judged."""
    language: Language
    """The language it is written in."""
    author: PersonSummary | None
    """Who wrote it; null where the panel hides it."""


class PanelCard(Entity):
    """A panel, as shown beside other things."""

    name: str
    """Its name."""
    method: ReviewMethod
    """How its members judge."""


class ReviewCommentNeed(Choice):
    """When a score needs a comment."""

    optional = "optional", "Never, but it may have one."
    extremes = "extremes", "A 1 or a 5 does."
    always = "always", "Every score does."


class FormCriterion(Entity):
    """What is scored, from 1 to 5."""

    position: int
    """Its place on the form, from 1."""
    name: str
    """Its name."""
    description: str
    """What to look at."""
    weight: int
    """In per cent; all weights of a form add up to 100."""
    means_1: str
    """What a 1 means."""
    means_3: str | None
    """What a 3 means."""
    means_5: str
    """What a 5 means."""
    comment: ReviewCommentNeed
    """When a score needs a comment."""
    knock_out_below: int | None
    """A mean below this knocks out what is judged; null: never."""


class FormVersion(Entity):
    """A form as it was at a time. It never changes: what was judged on it stays as it was."""

    form_id: UUID
    """The form."""
    number: int
    """1 for the first version, then one more with each."""
    approve_at: float
    """A weighted mean of this or more advises to approve."""
    decline_below: float
    """A weighted mean below this advises to decline."""
    note: str | None
    """What changed, and why."""
    criteria: list[FormCriterion]
    """What is scored."""
    person: PersonSummary
    """Who made it."""
    created_at: datetime
    """When it was made."""


class CriterionResult(Shape):
    """What a closed review came to in one criterion."""

    criterion: FormCriterion
    """The criterion."""
    mean: float
    """The mean of the last scores of its judges, 1 to 5, to four places."""
    spread: float | None
    """Their standard deviation (n - 1); null for one judge."""
    judges: int
    """How many scored it."""
    knocked_out: bool
    """The mean lies below what knocks out."""


class ReviewResult(Shape):
    """What a review came to: by verdicts its state says all, by scores a mean, by comparisons a rank."""

    judges: int | None
    """How many scores it rests on."""
    score: float | None
    """The mean of the weighted scores, 1 to 5, to four places."""
    spread: float | None
    """The standard deviation of the weighted scores (n - 1); null for one judge."""
    knocked_out: bool | None
    """Some criterion knocked it out."""
    advice: ReviewAdvice | None
    """What it advises."""
    criteria: list[CriterionResult]
    """What it came to in each criterion."""
    rank: int | None
    """Its place among what was compared, 1 for the best; equals share one."""
    strength: float | None
    """How strong it is: the logarithm of the odds of being preferred, 0 for the mean of all."""
    low: float | None
    """The lower end of the 95 % interval of its strength."""
    high: float | None
    """The upper end."""
    certainty: float | None
    """The probability that it is truly better than the one ranked next; null for the last."""


class ReviewProgress(Shape):
    """How far a review is, for those who see into it."""

    given: int
    """How many judged the newest text."""
    approvals: int
    """How many of them approve."""


class Assignment(Entity):
    """Somebody who is asked to judge, or was."""

    review_id: UUID | None
    """The review; null for a whole panel that compares."""
    panel_id: UUID | None
    """The panel it belongs to."""
    person: PersonSummary
    """Who is asked."""
    state: ReviewAssignmentState
    """What became of it."""
    owed: bool
    """A judgement is awaited: none was given yet, or there is a newer text than the one that was judged."""
    due_at: datetime
    """Until when."""
    reason: str | None
    """Why they declined, named somebody else, or have a conflict."""
    created_at: datetime
    """When they were asked."""
    permissions: list[str]
    """What you may do with it."""


class ReviewSummary(Entity):
    """A review, as lists show it."""

    subject: ReviewSubject
    """What is judged."""
    panel: PanelCard | None
    """The panel it belongs to."""
    sample: bool
    """It calibrates the panel: its scores are compared with a reference, and decide nothing."""
    method: ReviewMethod
    """How it is judged."""
    state: ReviewState
    """How far it is."""
    revision: int
    """The number of the text that was submitted."""
    latest_revision: int
    """The number of the newest text: the one to judge. An approval of an earlier one does not count. Once it is over,
    the newest then."""
    required: int
    """How many judgements it needs; in a panel, how many were asked when it opened."""
    asked: int
    """How many are asked to judge it, whether or not they have; fewer than `required` while somebody is missing, whom
    only somebody who manages reviews can name."""
    due_at: datetime | None
    """Until when it is to be judged; null before its panel opens."""
    submitted_at: datetime
    """When it was submitted; by an author who is not shown, only the day."""
    closed_at: datetime | None
    """When it ended."""
    result: ReviewResult | None
    """What it came to; null until it is over, and for those who have no part in it."""
    permissions: list[str]
    """What you may do with it."""


class Review(ReviewSummary):
    """One content judged under one rule."""

    summary: str
    """The summary of the text that is judged."""
    body: str
    """The newest text, in Markdown (CommonMark): what is to be judged; once it is over, what was."""
    note: str | None
    """What whoever submitted it says to its reviewers."""
    reason: str | None
    """Why it was taken back."""
    form: FormVersion | None
    """What is scored."""
    progress: ReviewProgress | None
    """How far it is; null for those who are still to judge the newest text, and for whoever keeps out."""
    assignment: Assignment | None
    """Your own."""


class JudgementScore(Shape):
    """A score for one criterion."""

    criterion: FormCriterion
    """The criterion."""
    score: int
    """1 to 5."""
    comment: str
    """Why."""


class Remark(Shape):
    """What is said of some lines of the body."""

    line_from: int
    """The first line, from 1."""
    line_to: int
    """The last line."""
    quote: str
    """What stands there in the text that was judged."""
    body: str
    """What is said of it."""


class Judgement(Entity):
    """What somebody said of one text. It never changes: who thinks otherwise later gives another."""

    review_id: UUID
    """The review."""
    judge: PersonSummary | None
    """Who gave it; null for the authors of an idea."""
    revision: int
    """The text that was judged."""
    number: int
    """1 for their first one in this review, then one more with each."""
    current: bool
    """It is their last one, as far as you see theirs."""
    verdict: ReviewVerdict | None
    """Approve, request changes or reject; null where scores are given."""
    comment: str
    """What they say to the author."""
    score: float | None
    """The weighted mean of the scores, 1 to 5."""
    scores: list[JudgementScore]
    """A score for each criterion."""
    remarks: list[Remark]
    """What they say of single lines."""
    given_at: datetime
    """When it was given."""
