"""The application: the doors on one process's kernel, behind the gate."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from kshare import api
from kshare.core.database import Database, translate
from kshare.core.settings import Settings
from kshare.edge.gate import Gate
from kshare.edge.kernel import Kernel
from kshare.edge.problems import install_problem_handlers, install_problem_pages
from kshare.edge.rates import Rates
from kshare.edge.rest import install
from kshare.people.signin import SignIn


def build(settings: Settings, database_url: str) -> ASGIApp:
    """The ASGI application; its lifespan opens and closes what it needs."""
    database = Database(database_url, settings)
    sign_in = SignIn(database)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await database.open()
        await sign_in.open()
        yield
        await sign_in.close()
        await database.close()

    app = FastAPI(title="kshare", version="1", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.kernel = Kernel(settings, database, sign_in.principal, sign_in.person, lambda: None)
    install_problem_handlers(app, translate)
    install_problem_pages(app)
    install(app, api.DOORS)
    return Gate(app, Rates.configured(settings), max_body=settings.max_body)
