"""The rules of the account: what counts as a contribution, and how much.

A rule whose weight or meaning changes gets another version: entries say by which they were made, and readers of the
account must be able to tell.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """What counts, in words, and its weight. Of what several people share, each gets their share of the weight."""

    id: str
    version: int
    weight: Decimal
    name: str
    name_en: str
    description: str
    description_en: str
    shared: bool = False


_EVERY = (
    Rule(
        "item_published",
        1,
        Decimal("3.00"),
        "分享知识",
        "Knowledge shared",
        "知识条目首次发布，记给作者，记在发布当天。之后归档不收回。",
        "A knowledge item was published for the first time: its author, on that day. Archiving it takes nothing back.",
    ),
    Rule(
        "item_improved",
        1,
        Decimal("1.00"),
        "改进知识",
        "Knowledge improved",
        "已发布的知识条目有了读者可见的新修订，记给写修订的人，记在写成当天；每人每条每天最多一次。"
        "作者本人在发布后七天内的修改不计，未通过评审的修订不计。",
        "A published knowledge item has a new revision that readers see: whoever wrote it, on the day it was written, "
        "at most once for a person, an item and a day. Not the author's own within seven days of publication, and not "
        "what is held back for a review.",
    ),
    Rule(
        "idea_proposed",
        1,
        Decimal("2.00"),
        "提出建议",
        "Idea proposed",
        "建议提交，按份额记给作者，记在提交当天。撤回的建议冲销，恢复后重新计入；合并到其他建议的照常计入。",
        "An idea was submitted: its authors by their shares, on that day. Withdrawing it takes this back, reinstating "
        "it counts again; an idea that was merged into another still counts.",
        shared=True,
    ),
    Rule(
        "idea_adopted",
        1,
        Decimal("3.00"),
        "建议获采纳",
        "Idea adopted",
        "建议现行的、已公布的决定是通过，按份额记给作者，记在作出决定当天。",
        "The decision on an idea that holds, and is published, is to approve it: its authors by their shares, on the "
        "day of the decision.",
        shared=True,
    ),
    Rule(
        "idea_implemented",
        1,
        Decimal("5.00"),
        "建议落地",
        "Idea implemented",
        "建议进入“已实施”阶段，按份额记给作者，记在最近一次进入该阶段的当天；退回试点则冲销。",
        "An idea has come to the stage implemented: its authors by their shares, on the day it came there last. Going "
        "back to a pilot takes it back.",
        shared=True,
    ),
    Rule(
        "comment_written",
        1,
        Decimal("0.50"),
        "参与讨论",
        "Comment written",
        "在他人的内容下发表评论，记在发表当天。评论被删除则冲销；对自己（或自己有份额）的内容评论不计。",
        "A comment on what others wrote, on that day. Deleting it takes it back; comments on one's own content, or on "
        "what one has a share in, do not count.",
    ),
    Rule(
        "review_given",
        1,
        Decimal("1.00"),
        "完成评审",
        "Review given",
        "在评审中给出意见或评分，评审结束后才计入，记在结束当天；每人每次评审一次。声明利益冲突者不计。"
        "匿名内容的评审在次日入账。",
        "A judgement in a review, entered when the review is over, on that day; once for a person and a review. Not "
        "for whoever declared a conflict of interest. Of what shows no author, it is entered the day after.",
    ),
    Rule(
        "credited",
        1,
        Decimal("2.00"),
        "其他贡献",
        "Credited",
        "定期批量记入的贡献，按数量计，不指向任何内容。",
        "Contributions that are credited in batches, by their number; they lead to no content.",
    ),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.id: rule for rule in _EVERY})
"""Every rule by its id. A view, a like and a vote never count."""

SETTLING_DAYS = 7
"""Days from the publication of an item within which its author's own changes belong to the writing of it."""


def shown() -> list[dict[str, Any]]:
    """The rules as `ContributionRule` shows them."""
    return [{**asdict(rule), "weight": str(rule.weight)} for rule in RULES.values()]
