"""A dashboard as a table for spreadsheets: a row for each headline and each point, the same values as in JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from kshare.edge.csv import table_head, table_rows

COLUMNS = (
    "chart",
    "series",
    "label",
    "value",
    "low",
    "high",
    "unit",
    "reason",
    "provisional",
    "chart_name",
    "series_name",
    "chart_name_en",
    "series_name_en",
    "label_en",
)
HEADLINES = "headlines"
"""What stands for a chart where headlines are: each has a row for its period, and one for the period before."""


def table(dashboard: Mapping[str, Any]) -> bytes:
    """The table of a `Dashboard`."""
    return table_head(COLUMNS) + table_rows([row.get(name) for name in COLUMNS] for row in rows(dashboard))


def rows(dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Its rows; what a row does not have is left out."""
    for one in dashboard["headlines"]:
        of = {"chart": HEADLINES, "series": one["id"], "unit": one["unit"]}
        of |= {"chart_name": "主要数字", "chart_name_en": "Headlines"}
        of |= {"series_name": one["name"], "series_name_en": one["name_en"]}
        yield {**of, "label": one["period"], "label_en": one["period"], **_told(one)}
        yield {**of, "label": "上一期", "label_en": "before", "value": one["before"], "reason": one["before_reason"]}
    for chart in dashboard["charts"]:
        for series in chart["series"]:
            for label, label_en, point in zip(chart["labels"], chart["labels_en"], series["points"], strict=True):
                yield {
                    "chart": chart["id"],
                    "series": series["id"],
                    "label": label,
                    "label_en": label_en,
                    "unit": series["unit"],
                    **_told(point),
                    "provisional": "true" if point["provisional"] else "false",
                    "chart_name": chart["name"],
                    "chart_name_en": chart["name_en"],
                    "series_name": series["name"],
                    "series_name_en": series["name_en"],
                }


def _told(point: Mapping[str, Any]) -> dict[str, Any]:
    return {name: point[name] for name in ("value", "low", "high", "reason")}
