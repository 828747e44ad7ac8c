"""Every table, for migrations; importing this registers all rows with `Row.metadata`."""

from kshare.content import models as content
from kshare.content import reads as content_views
from kshare.core import idempotency, journal
from kshare.discussion import models as discussion
from kshare.people import models as people
from kshare.search import models as search

ALL = (content, content_views, discussion, idempotency, journal, people, search)
