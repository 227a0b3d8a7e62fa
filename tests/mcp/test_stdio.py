"""An agent's client over stdio against the whole local stack: it rents, renews, stops renewing, and nothing is left."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from local.drill.stack import KEY, Stack, wait_until

pytestmark = pytest.mark.stack
LEASE = 30.0  # seconds
ROOT = Path(__file__).parents[2]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "data", SHOPPER_LEASE_LEAST_SECONDS="1", SHOPPER_TICK_SECONDS="0.5")
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


def a_server(stack: Stack, home: Path) -> StdioServerParameters:
    environ = {"HOME": str(home), "GPU_SHOPPER_URL": stack.url, "GPU_SHOPPER_KEY": KEY}
    words = ["-m", "cli.main", "mcp", "--lease-minutes", str(LEASE / 60), "--max-hours", "4"]
    return StdioServerParameters(command=sys.executable, args=words, env=environ, cwd=ROOT)


class Agent:
    """What an agent does, and all that it was told."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.told: list[str] = []

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await self._client.call_tool(tool, arguments)
        self.told.append(str(answer))
        assert not answer.is_error, answer
        content: dict[str, Any] | None = answer.structured_content
        assert content is not None
        return content


async def works(agent: Agent) -> str:
    """Until it dies: the id of what it has rented."""
    found = await agent.call("search_offers", min_vram_gb=16, disk_gb=20, limit=20)
    cheapest = found["offers"][0]
    quote = await agent.call("quote", offer_id=cheapest["id"], hours=2, disk_gb=20)
    assert quote["hold"] > quote["price"] > 0
    wishes = {"gpu": sorted({offer["gpu"] for offer in found["offers"]})[:16]}
    rented = await agent.call("rent", wishes=wishes, hours=2, disk_gb=20)
    session_id = str(rented["id"])
    status = rented
    while status["status"] != "running":
        assert status["status"] in ("pending", "provisioning"), status
        await agent.call("renew_session", session_id=session_id)
        status = await agent.call("session_status", session_id=session_id, wait_seconds=5)
    renewed = await agent.call("renew_session", session_id=session_id)
    assert LEASE / 2 < renewed["lease_seconds_left"] <= LEASE
    assert (await agent.call("ssh_info", session_id=session_id))["command"].startswith("ssh ")
    assert (await agent.call("costs", session_id=session_id))["burn_per_hour"] > 0
    assert [one["id"] for one in (await agent.call("list_sessions"))["sessions"]] == [session_id]
    extended = await agent.call("extend_session", session_id=session_id, hours=1)
    assert extended["expires_at"] > renewed["expires_at"]
    return session_id


def test_an_agent_that_rented_and_died_leaves_nothing_behind(stack: Stack, tmp_path: Path) -> None:
    wait_until(lambda: stack.get("/inventory")["count"] > 0, 30, "there are offers")
    told: list[str] = []

    async def life() -> str:
        async with Client(a_server(stack, tmp_path)) as client:
            agent = Agent(client)
            session_id = await works(agent)
            told.extend(agent.told)
            return session_id

    session_id = anyio.run(life)  # the client is gone then, and its server with it
    assert stack.get(f"/sessions/{session_id}")["status"] in ("running", "terminating")
    assert KEY not in "".join(told)

    def gone() -> bool:
        return bool(stack.get(f"/sessions/{session_id}")["status"] == "terminated")

    wait_until(gone, 120, "the session ends by itself")
    session = stack.get(f"/sessions/{session_id}")
    assert session["end_reason"] == "expired"
    assert session["expires_at"] > session["ended_at"]
    assert session["absence_proof"]
    [ending] = [
        event for event in stack.get(f"/sessions/{session_id}/events")["events"] if event["to"] == "terminating"
    ]
    assert ending["detail"].startswith("the lease was not renewed: it ran out at ")
    assert not any(machine["alive"] for machine in stack.machines())
