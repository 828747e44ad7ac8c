from tests.conftest import Company
from kshare.core.database import Database
from kshare.core.settings import Settings
from kshare.core.journal import Worker
from kshare.search.reactor import SearchIndexer
def test_smoke(company: Company) -> None:
    a = company.employee.item(title="高压变频器轴承失效复盘", body="SKF 6205 轴承在低温条件下磨损。质量 <b>很</b> 好。", tags=["失效分析"])
    async def go():
        d=Database(company.server.database_url, Settings(_env_file=None))
        await Worker(d,[]).step(SearchIndexer())
    company.server.loop.run(go())
