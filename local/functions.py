"""The functions of the app that no request calls: found in Chalice's own registry, invoked as Lambda would."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalice.app import BaseEventSourceConfig, Chalice, EventSourceHandler, ScheduledEventConfig, SQSEventConfig
from chalice.config import Config

from local import events

Invoke = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Function:
    """`invoke` takes the event and returns (or raises) what the function does."""

    name: str
    invoke: Invoke


def scheduled(app: Chalice, config: Config, stage: str) -> list[Function]:
    """Whatever the clock calls in production."""
    return _fed_by(ScheduledEventConfig, app, config, stage)


def of_queue(app: Chalice, config: Config, stage: str) -> list[Function]:
    """Whatever a queue calls in production."""
    return _fed_by(SQSEventConfig, app, config, stage)


def _fed_by(kind: type[BaseEventSourceConfig], app: Chalice, config: Config, stage: str) -> list[Function]:
    names = [source.name for source in app.event_sources if isinstance(source, kind)]
    return [Function(name, _invoke(app, config, stage, name)) for name in names]


def _invoke(app: Chalice, config: Config, stage: str, name: str) -> Invoke:
    handler = app.handler_map[name]
    if isinstance(handler, EventSourceHandler):
        # Chalice hands the middlewares over as a generator and reads it at the first call: two threads that call
        # at once would both read from it, and one of them runs without any middleware for ever.
        handler.middleware_handlers = list(handler.middleware_handlers)

    def invoke(event: Mapping[str, Any]) -> Any:
        return handler(event, events.context(config, stage, name))

    return invoke
