import pytest
from kshare.core import paging
from kshare.core.errors import DomainError
from tests.kernel.test_one_request import *
from tests.kernel import test_one_request as t
def test_red_cursor(monkeypatch):
    one=DomainError("invalid_cursor","x"); monkeypatch.setattr(paging,"_invalid",lambda: one)
    with pytest.raises(AssertionError): t.test_a_refused_cursor_keeps_nothing_of_earlier_ones()
def test_red_reads(company, monkeypatch):
    from kshare.edge.graphql import context
    monkeypatch.setattr(context,"READS_AT_ONCE",20)
    with pytest.raises(AssertionError): t.test_a_query_reads_few_of_its_fields_at_once(company, monkeypatch)
def test_red_batches(postgres_url, loop, monkeypatch):
    from kshare.edge import batch
    from contextlib import asynccontextmanager
    @asynccontextmanager
    async def free(k): yield
    monkeypatch.setattr(batch,"_place_for_a_batch",free)
    with pytest.raises(AssertionError): t.test_batches_leave_connections_to_others(postgres_url, loop)
