"""Two fake accounts in this process, a data directory with our signing key, and a clock that only `pause` moves."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.domain import tag as tags
from chalicelib.domain.instant import SECOND
from simulators.clock import ManualClock
from simulators.faults import Fault
from simulators.start import Simulator, start_tensordock, start_vastai
from simulators.tensordock.market import TensorDockMarket
from simulators.vastai.market import VastMarket
from tests.builders import DEPLOYMENT, SIGNING_KEY
from tests.cli.conftest import Ran, Run

KEY = "sim-key"
ACCOUNT_VARIABLES = ("VASTAI_API_KEY", "VASTAI_API_URL", "TENSORDOCK_API_TOKEN", "TENSORDOCK_API_URL")


class Accounts:
    """`plant` machines, then `orphans(...)`."""

    def __init__(
        self, run: Run, folder: Path, vastai: Simulator[VastMarket], tensordock: Simulator[TensorDockMarket]
    ) -> None:
        self.folder = folder
        self.vastai = vastai.market
        self.tensordock = tensordock.market
        self._run = run
        self._passed = 0.0
        self._planted = 0

    def orphans(self, *argv: str) -> Ran:
        return self._run("orphans", *argv, pause=self._pause, clock=lambda: self._passed)

    def tag(self, hours: float, key: bytes = SIGNING_KEY) -> str:
        """Minted that long ago."""
        self._planted += 1
        at = round((time.time() - hours * 3600) * SECOND)
        return tags.of(tags.mint(DEPLOYMENT, at, self._planted.to_bytes(10, "big"), key))

    def plant(self, label: str | None, market: VastMarket | TensorDockMarket | None = None) -> str:
        """A machine somebody made by hand; `provider:id`."""
        market = market or self.vastai
        with market.transaction() as now:
            return f"{market.name}:{market.plant(label, now).id}"

    def alive(self) -> set[str]:
        return {f"{market.name}:{one.id}" for market in (self.vastai, self.tensordock) for one in market.live()}

    def asked(self, name: str) -> int:
        """Destroy calls that this machine was sent."""
        market, _, machine_id = name.partition(":")
        return len((self.vastai if market == "vastai" else self.tensordock).machines[machine_id].destroy_calls)

    def fault(self, name: str, count: int | None = None, **params: object) -> None:
        with self.vastai.transaction() as now:
            self.vastai.faults.set(Fault(name=name, count=count, params=params), now)

    def _pause(self, seconds: float) -> None:
        self._passed += seconds


@pytest.fixture
def accounts(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "signing-keys").write_text(SIGNING_KEY.hex())
    for name in ("SHOPPER_SECRETS_PATH", "SHOPPER_MARKETS", "AWS_LAMBDA_FUNCTION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SHOPPER_DEPLOYMENT", DEPLOYMENT)
    monkeypatch.setenv("SHOPPER_DATA_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    with (
        start_vastai(clock=ManualClock(), api_key=KEY) as vastai,
        start_tensordock(clock=ManualClock(), api_key=KEY) as tensordock,
    ):
        for name, value in zip(ACCOUNT_VARIABLES, (KEY, vastai.url, KEY, tensordock.url), strict=True):
            monkeypatch.setenv(name, value)
        yield Accounts(run, folder, vastai, tensordock)
