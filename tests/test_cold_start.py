"""What a cold start may load: by names, not by times, which a busy machine cannot tell."""

import json
import subprocess
import sys

import pytest

from chalicelib.api.routes import ROUTES, Row

_HEAVY = ("pynamodb", "botocore", "requests", "aws_lambda_powertools", "moto")


def _loaded(program: str) -> set[str]:
    code = f"{program}\nimport sys, json; print(json.dumps(list(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    return set(json.loads(told.stdout.splitlines()[-1]))


def test_importing_the_app_loads_no_client_and_no_handler_of_a_route() -> None:
    loaded = _loaded("import app")
    assert not loaded & set(_HEAVY)
    rooms = {name.removeprefix("chalicelib.api.") for name in loaded if name.startswith("chalicelib.api.")}
    assert rooms == {"routes", "filters", "late"}
    assert "chalicelib.sweeps.messages" not in loaded


def test_a_sweep_loads_itself_and_no_other() -> None:
    loaded = _loaded(
        "import app; from tests.world import World; from chalicelib import sweeps; sweeps.run('expire', World().ports)"
    )
    assert {name for name in loaded if name.startswith("chalicelib.sweeps.")} == {"chalicelib.sweeps.expire"}


_LOOKING = [row for row in ROUTES if row.path.startswith("/sessions") and row.method == "GET"]


@pytest.mark.parametrize("row", _LOOKING, ids=lambda row: row.path)
def test_looking_at_a_session_loads_nothing_of_renting_money_or_the_page(row: Row) -> None:
    loaded = _loaded(
        "import app; from chalicelib.api.routes import by_path, ROUTES;"
        f"by_path(ROUTES)[{row.path!r}][{row.method!r}].handler"
    )
    unwanted = {"usecases.renting", "api.orders", "api.models", "api.openapi", "api.descriptions", "usecases.costing"}
    assert not loaded & {f"chalicelib.{name}" for name in unwanted}


def test_the_ports_of_a_function_load_no_client_before_it_is_asked_for_something() -> None:
    loaded = _loaded(
        "import os; os.environ.update(AWS_LAMBDA_FUNCTION_NAME='f', SHOPPER_DEPLOYMENT='prod', SHOPPER_TABLE='t',"
        "SHOPPER_PROVIDERS='vastai', VASTAI_API_KEY='k'); from chalicelib.wiring import ports; ports().providers"
    )
    assert not loaded & {"pynamodb", "requests"}
