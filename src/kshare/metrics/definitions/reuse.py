"""Metrics of how far knowledge is used again (G1): views, thanks and links, for each item there is."""

from kshare.metrics.contracts import Behind, Metric, MetricTopic, MetricUnit, Row, Words
from kshare.metrics.definitions.sharing import ITEM_KINDS
from kshare.metrics.statistics import PerThing

_THERE = """c.kind = 'knowledge_item' AND c.state <> 'draft' AND c.published_at < :until_at"""
"""The items (c) that there are by the end of the period."""

_ITEMS = Words("期末已发布的知识条目", "Knowledge items published by the end of the period")
_PERIOD = Words(
    "自然月或自然季度，按公司时区；分子按发生时间归期，分母为期末之前首次发布的全部条目。",
    "Calendar months or quarters of the company's time zone: the numerator by when it happened, the denominator all "
    "items first published before the end of the period.",
)
_COUNTED = Words(
    "归档的条目仍然计入，草稿不计；条目归入写作时作者所在部门，匿名条目只计入公司。",
    "Archived items count, drafts do not. An item counts for its author's department when it was written, an anonymous "
    "one for the company only.",
)
_BEHIND = Words(
    "数值背后的人是条目的作者；部门数值只按季度公布。",
    "Who stands behind a value are the authors of the items; of departments it is told by quarters only.",
)


def _happened(table: str, at: str, condition: str = "true") -> str:
    """Units: each item with how often somebody other than its owner did something to it in the period."""
    return f"""SELECT c.id AS unit, c.owner_id AS person, c.department_id AS department, c.variety AS kind,
  coalesce(used.times, 0) AS x, 1 AS y
FROM content c LEFT JOIN (
  SELECT u.content_id, count(*) AS times FROM {table} u JOIN content o ON o.id = u.content_id
  WHERE u.{at} >= :since_at AND u.{at} < :until_at AND u.person_id <> o.owner_id AND {condition}
  GROUP BY u.content_id
) AS used ON used.content_id = c.id
WHERE {_THERE}"""


ITEM_VIEWS = Metric(
    id="item_views",
    version=1,
    topic=MetricTopic.sharing,
    name=Words("每条知识的阅读次数", "Views of each item"),
    definition=Words(
        "期间内他人阅读知识条目的次数，除以期末已发布的条目数。",
        "How often items were read in the period by others than their owners, for each item there was at its end.",
    ),
    unit=MetricUnit.per_item,
    numerator=Words("他人的阅读次数", "Views by others"),
    denominator=_ITEMS,
    period=_PERIOD,
    edge_cases=(
        Words(
            "作者本人的阅读不计；同一人多次阅读计多次。", "Views of the owner do not count; each view of others does."
        ),
        _COUNTED,
        _BEHIND,
    ),
    source=Words("阅读记录、知识条目", "Views, knowledge items"),
    behind=Behind.authors,
    statistic=PerThing(),
    units=_happened("viewing", "at"),
    rows=Row.content,
    kinds=ITEM_KINDS,
    within="new_items",
    better="higher",
)

ITEM_THANKS = Metric(
    id="item_thanks",
    version=1,
    topic=MetricTopic.sharing,
    name=Words("每条知识的“帮到我了”", "Thanks for each item"),
    definition=Words(
        "期间内他人对知识条目表示“帮到我了”的次数，除以期末已发布的条目数。",
        'How often others said in the period that an item helped them ("this helped"), for each item there was at its '
        "end.",
    ),
    unit=MetricUnit.per_item,
    numerator=Words("他人的“帮到我了”", "Thanks of others"),
    denominator=_ITEMS,
    period=_PERIOD,
    edge_cases=(
        Words(
            "每人对每条只计一次；撤回后不再计入，过去的期间也随之改变。",
            "Each person counts once for an item. What is taken back counts no more, in past periods neither.",
        ),
        _COUNTED,
        _BEHIND,
    ),
    source=Words("反应记录、知识条目", "Reactions, knowledge items"),
    behind=Behind.authors,
    statistic=PerThing(),
    units=_happened("reaction", "created_at", "u.kind = 'thank'"),
    rows=Row.content,
    kinds=ITEM_KINDS,
    within="new_items",
    better="higher",
)

_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

ITEM_LINKS = Metric(
    id="item_links",
    version=1,
    topic=MetricTopic.sharing,
    name=Words("每条知识的引用数", "Links to each item"),
    definition=Words(
        "期间内首次发布、正文引用了他人知识条目的内容所形成的引用数，除以期末已发布的条目数。",
        "Links to items from contents of other owners first published in the period, for each item there was at its "
        "end.",
    ),
    unit=MetricUnit.per_item,
    numerator=Words(
        "正文含有条目标识（例如链接末尾的 UUID）的他人内容，每个内容对每个条目计一次",
        "Contents of others whose body names the id of an item, such as a link that ends in its UUID; each content "
        "once for an item",
    ),
    denominator=_ITEMS,
    period=_PERIOD,
    edge_cases=(
        Words(
            "以读者今天看到的正文为准：日后加入的引用计入内容首次发布的期间，删去的不再计入。",
            "The body as readers see it today decides: a link that was added later counts in the period in which the "
            "content was first published, one that was removed does not.",
        ),
        Words(
            "各类内容的引用都算，草稿的不算；作者引用自己的条目不算。",
            "Contents of every kind count, drafts do not; nor does who links to their own items.",
        ),
        _COUNTED,
        _BEHIND,
    ),
    source=Words("内容正文、知识条目", "Bodies of contents, knowledge items"),
    behind=Behind.authors,
    statistic=PerThing(),
    # Each link is a row of its own: that something links here is told only to those who see it.
    units=f"""WITH named AS (
  SELECT DISTINCT s.id AS source, s.owner_id AS owner, found[1]::uuid AS item
  FROM content s CROSS JOIN regexp_matches(s.body, '{_ID}', 'gi') AS found
  WHERE s.state <> 'draft' AND s.published_at >= :since_at AND s.published_at < :until_at
)
SELECT c.id AS unit, c.id AS content, c.owner_id AS person, c.department_id AS department, c.variety AS kind,
  0 AS x, 1 AS y
FROM content c WHERE {_THERE}
UNION ALL
SELECT md5(named.source::text || c.id::text)::uuid, named.source, c.owner_id, c.department_id, c.variety, 1, 0
FROM named JOIN content c ON c.id = named.item AND c.owner_id <> named.owner WHERE {_THERE}""",
    rows=Row.link,
    kinds=ITEM_KINDS,
    within="new_items",
    better="higher",
)

REUSE = (ITEM_VIEWS, ITEM_THANKS, ITEM_LINKS)
