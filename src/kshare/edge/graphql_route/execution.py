"""Executing operations, once or event by event, inside whatever wraps around it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from types import CoroutineType
from typing import Any, Generic, TypeVar, cast

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, default_field_resolver, default_type_resolver
from graphql.execution import Executor, create_source_event_stream, map_source_to_response_event

from kshare.edge.graphql_route.errors import Refused, is_hidden
from kshare.edge.graphql_route.operations import Prepared

C = TypeVar("C")

Execute = Callable[[], Awaitable[ExecutionResult]]
"""Executes the operation; may be called again, to repeat a transaction."""

Run = Callable[[C, Execute, bool], Awaitable[ExecutionResult]]
"""Wraps the execution; is given the context, what executes and whether it is a mutation."""


class Execution(Generic[C]):
    """Executes the operations of one schema, each for a context of its own."""

    def __init__(self, schema: GraphQLSchema, executor_class: type[Executor[Any]], run: Run[C]) -> None:
        self._schema = schema
        self._executor_class = executor_class
        self._run = run

    def result(self, prepared: Prepared, context: C) -> Awaitable[ExecutionResult]:
        """The one result of a query or mutation."""

        async def execute() -> ExecutionResult:
            result = self._executor(prepared, context).execute_operation()
            if isinstance(result, CoroutineType):
                result = await result
            return cast("ExecutionResult", result)

        return self._run(context, execute, prepared.operation.is_mutation)

    async def results(self, prepared: Prepared, context: C) -> AsyncGenerator[ExecutionResult, None]:
        """The results of any operation, one by one; raises `Refused` for a subscription that cannot start."""
        if not prepared.operation.is_subscription:
            yield await self.result(prepared, context)
            return

        def execute(executor: Executor[Any]) -> Awaitable[ExecutionResult]:
            async def once() -> ExecutionResult:
                # A copy for each try, so that a repeated one does not begin with the errors of the last.
                result = executor.build_per_event_executor(executor.root_value).execute_operation(False)
                return cast("ExecutionResult", await result if isinstance(result, CoroutineType) else result)

            return self._run(context, once, False)

        executor = self._executor(prepared, context)
        source = create_source_event_stream(executor)
        if isinstance(source, Awaitable):
            source = await source
        if isinstance(source, ExecutionResult):
            raise Refused(cast("list[GraphQLError]", source.errors), prepared.cost)
        responses = map_source_to_response_event(executor, source, execute)
        try:
            async for result in responses:
                if not is_hidden(result):
                    yield result
        finally:
            await responses.aclose()

    def _executor(self, prepared: Prepared, context: C) -> Executor[Any]:
        """An executor for one execution.

        Made directly, since `Executor.build` would look for the operation, wrap the fragments and coerce the
        variables again each time.
        """
        return self._executor_class(
            self._schema,
            prepared.document.fragments,
            prepared.document.fragment_details,
            None,
            context,
            prepared.operation.node,
            prepared.variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
        )
