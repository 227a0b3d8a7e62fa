import threading
from pathlib import Path
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Rate, SQSEvent
from chalice.config import Config

from local import events, functions

MESSAGE = {"MessageId": "m1", "ReceiptHandle": "r1", "Body": "hello"}


def an_app(seen: list[Any]) -> Chalice:
    app = Chalice("an-app", configure_logs=False)

    @app.schedule(Rate(1, unit=Rate.MINUTES), name="tidy")
    def clean_up(event: CloudWatchEvent) -> None:
        context: Any = event.context  # chalice says it is a dictionary
        seen.append((event.detail_type, context.function_name, context.get_remaining_time_in_millis()))

    @app.on_sqs_message(queue="work", name="worker")
    def work(event: SQSEvent) -> str:
        seen.extend(record.body for record in event)
        return "done"

    return app


def a_config() -> Config:
    on_disk = {"stages": {"dev": {"lambda_functions": {"tidy": {"lambda_timeout": 120}}}}}
    return Config(chalice_stage="dev", config_from_disk=on_disk)


def test_scheduled_functions_are_found_by_the_name_they_are_deployed_under() -> None:
    assert [function.name for function in functions.scheduled(an_app([]), a_config(), "dev")] == ["tidy"]


def test_a_scheduled_function_gets_its_event_and_the_time_it_would_have_in_the_cloud() -> None:
    seen: list[Any] = []
    (tidy,) = functions.scheduled(an_app(seen), a_config(), "dev")
    tidy.invoke(events.scheduled("tidy"))
    ((kind, name, left),) = seen
    assert (kind, name) == ("Scheduled Event", "tidy")
    assert 119_000 < left <= 120_000


def test_a_queue_function_gets_the_messages_and_its_answer_comes_back() -> None:
    seen: list[Any] = []
    (worker,) = functions.of_queue(an_app(seen), a_config(), "dev")
    assert worker.invoke(events.from_queue([MESSAGE, {**MESSAGE, "Body": "again"}])) == "done"
    assert seen == ["hello", "again"]


def test_middlewares_run_for_every_one_of_many_calls_at_once() -> None:
    app, counted = an_app([]), []
    lock = threading.Lock()

    def count(event: Any, following: Any) -> Any:
        with lock:
            counted.append(event)
        return following(event)

    app.register_middleware(count, "sqs")
    (worker,) = functions.of_queue(app, a_config(), "dev")
    start = threading.Barrier(16)

    def call() -> None:
        start.wait()
        worker.invoke(events.from_queue([MESSAGE]))

    threads = [threading.Thread(target=call) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counted) == 16


def test_the_stage_of_plain_chalice_local_names_no_deployment() -> None:
    """Chalice puts the stage's variables over the real environment: one there would make a laptop a cloud."""
    from chalice.cli.factory import CLIFactory

    factory = CLIFactory(str(Path(__file__).parents[2]), environ={})
    assert "SHOPPER_DEPLOYMENT" not in factory.create_config_obj("dev").environment_variables
    assert factory.create_config_obj("prod").environment_variables["SHOPPER_DEPLOYMENT"] == "prod"
