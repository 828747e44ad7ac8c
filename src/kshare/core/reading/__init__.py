"""One read path for both doors: shape + selection + list + principal -> one SQL statement -> the answer's JSON.

A *shape* is what readers see; a *view* says which rows it is read from, who may see those rows and where each field
comes from. A *selection* picks fields: the whole shape for REST, what the query asks for in GraphQL. Together they
compile to one statement of `json_build_object` and correlated subqueries, built once for what is asked and never for
the values; a warm request only binds values and sends the bytes. There is no other public way to select, and the
compiler adds each view's visibility to every row source it touches, so no row is read without a principal.
"""

from kshare.core.reading.pages import MAX_PAGE, PageForm, checked_limit, filters_asked, page_statement
from kshare.core.reading.shapes import Ask, Entity, Patch, Shape
from kshare.core.reading.statements import (
    MOST_RENDERED,
    Statement,
    compiled,
    json_object,
    node_statement,
    one_statement,
    render,
    rendered_paths,
    visible_rows,
)
from kshare.core.reading.views import (
    TODAY,
    Alias,
    Build,
    Filter,
    Listing,
    Many,
    One,
    Order,
    Pick,
    Rendered,
    Selection,
    Source,
    View,
    Viewer,
    Visible,
    Walk,
    allowed_list,
    constant,
    everyone_sees,
    rule_filter,
    there_is,
    whole,
)

__all__ = [
    "MAX_PAGE",
    "MOST_RENDERED",
    "TODAY",
    "Alias",
    "Ask",
    "Build",
    "Entity",
    "Filter",
    "Listing",
    "Many",
    "One",
    "Order",
    "PageForm",
    "Patch",
    "Pick",
    "Rendered",
    "Selection",
    "Shape",
    "Source",
    "Statement",
    "View",
    "Viewer",
    "Visible",
    "Walk",
    "allowed_list",
    "checked_limit",
    "compiled",
    "constant",
    "everyone_sees",
    "filters_asked",
    "json_object",
    "node_statement",
    "one_statement",
    "page_statement",
    "render",
    "rendered_paths",
    "rule_filter",
    "there_is",
    "visible_rows",
    "whole",
]
