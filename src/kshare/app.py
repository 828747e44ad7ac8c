"""The application: the doors on one process's kernel, behind the gate."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from kshare import api
from kshare.core.database import Database, translate
from kshare.core.idempotency import keep_forgetting
from kshare.core.journal import Watch, Worker
from kshare.core.notes import Notes
from kshare.core.settings import Settings
from kshare.edge.described import install
from kshare.edge.dispatch import Dispatch
from kshare.edge.gate import Gate
from kshare.edge.graphql import ReadExecutor, context_of, run
from kshare.edge.graphql_documents import trusted_documents
from kshare.edge.graphql_route import GraphQLDoor
from kshare.edge.kernel import Kernel
from kshare.edge.origins import Origins, Preflights
from kshare.edge.problems import install_problem_handlers, install_problem_pages
from kshare.edge.rates import Rates
from kshare.people.provider import token_verifier
from kshare.people.signin import SignIn
from kshare.site import install_site


@dataclass(frozen=True)
class Application:
    """The ASGI application of one process; its lifespan opens and closes what it needs."""

    asgi: ASGIApp
    api: FastAPI
    database: Database
    sign_in: SignIn
    worker: Worker
    watch: Watch

    def end_streams(self) -> None:
        """Ends event streams, which have no end of their own; for a server that stops and waits for its connections."""
        self.watch.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.asgi(scope, receive, send)


def build(settings: Settings, database_url: str, *, react: bool = True) -> Application:
    """The application on a migrated database; `react` says whether this process also runs the reactors."""
    database = Database(database_url, settings)
    sign_in = SignIn(database, token_verifier(settings))
    worker, watch, notes = Worker(database, api.reactors(settings)), Watch(database), Notes(database)

    def wake() -> None:
        worker.wake()
        watch.wake()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await database.open()
        await sign_in.open()
        tasks = [asyncio.create_task(task) for task in (watch.run(), notes.run(), keep_forgetting(database))]
        if react:
            tasks.append(asyncio.create_task(worker.run()))
        yield
        watch.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await notes.close()
        await sign_in.close()
        await database.close()

    # FastAPI would trace by itself, query strings included, once there is a tracer; the gate does (`edge.telemetry`).
    quiet = {"tracing": False, "metrics": False, "logs": False}
    options: dict[str, Any] = {"docs_url": None, "redoc_url": None, "openapi_url": None, "telemetry": quiet}
    # A redirect would be an answer that is no problem, with an address made of whatever `Host` says.
    app = FastAPI(title="kshare", version="1", lifespan=lifespan, redirect_slashes=False, **options)
    app.state.kernel = Kernel(settings, database, sign_in.principal, sign_in.person, wake, watch, notes)
    install_problem_handlers(app, translate)
    install_problem_pages(app)
    install_site(app, database)
    install(app, api.DOORS)
    door = GraphQLDoor(
        api.schema(),
        ReadExecutor,
        context=context_of,
        run=run,
        translate=translate,
        trusted=trusted_documents(settings),
        trusted_only=settings.graphql_trusted_only,
    )
    app.add_route("/graphql", door.__call__, methods=["GET", "POST"], include_in_schema=False)
    dispatch = Dispatch(app, app, translate)
    dispatch.add_doors(api.DOORS)
    for method in ("GET", "POST"):
        dispatch.add(method, "/graphql", door.__call__)
    origins = settings.cors_origins
    served = Preflights(dispatch) if origins else dispatch
    gate = Gate(served, Rates.configured(settings), max_body=settings.max_body)
    asgi = Origins(gate, origins) if origins else gate
    return Application(asgi, app, database, sign_in, worker, watch)
