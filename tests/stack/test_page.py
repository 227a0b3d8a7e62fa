"""The web page in a real browser, against the whole local stack: unlock, choose, rent, watch, extend, end."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from local.drill.stack import KEY
from tests.stack.stack import PUBLIC_KEY, Stack, wait_until

browsers = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: see `make page`")
axes = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: see `make page`")
browsers.expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [pytest.mark.stack, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")]

QUIET = [
    "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SCREENSHOTS = os.environ.get("SCREENSHOTS")
"""A folder to leave pictures in, for people."""
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1440, "height": 960}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1440, "height": 960}},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}, "has_touch": True},
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("page") / "data")
    stack.start()
    wait_until(lambda: stack.get("/inventory", limit=1)["total"] > 300, 60, "both markets are listed")
    budget, headers = {"period": "month", "limit": 25}, {"Authorization": f"Bearer {KEY}"}
    requests.put(f"{stack.url}/budgets/operator", json=budget, headers=headers, timeout=10).raise_for_status()
    yield stack
    assert stack.stop() == 0


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browsers.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


class Visitor:
    """One tab, with everything it complained of."""

    def __init__(self, chromium: Any, stack: Stack, look: str) -> None:
        self.look = look
        self.page = chromium.new_context(**LOOKS[look]).new_page()
        self.complaints: list[str] = []
        self.urls: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.urls.append(request.url))
        self.page.goto(stack.url)

    def unlock(self, key: str = KEY) -> None:
        self.page.get_by_label("API key").fill(key)
        self.page.keyboard.press("Enter")
        self.page.locator("#offer-rows button").first.wait_for()

    def look_around(self, where: str) -> None:
        """No rule of accessibility is broken seriously, and nothing sticks out of the window."""
        found = axes.Axe().run(self.page).response["violations"]
        serious = [each for each in found if each["impact"] in ("serious", "critical")]
        assert not serious, [(each["id"], each["nodes"][0]["html"]) for each in serious]
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if SCREENSHOTS:
            self.page.screenshot(path=Path(SCREENSHOTS) / f"{self.look}-{where}.png")


def test_a_wrong_key_is_told_so_and_opens_nothing(chromium: Any, stack: Stack) -> None:
    visitor = Visitor(chromium, stack, "light")
    visitor.page.get_by_label("API key").fill("gs_wrong")
    visitor.page.get_by_role("button", name="Unlock").click()
    visitor.page.get_by_text("This key is not valid here.").wait_for()
    assert visitor.page.locator("#offers").is_hidden()
    visitor.look_around("locked")
    assert visitor.page.evaluate("sessionStorage.length + localStorage.length") == 0


def test_an_offer_is_filtered_rented_watched_extended_and_ended(chromium: Any, stack: Stack) -> None:
    visitor = Visitor(chromium, stack, "light")
    page = visitor.page
    visitor.unlock()
    page.get_by_label("GPU", exact=True).fill("RTX 4090")
    page.get_by_label("Kind").select_option("false")
    cards = page.locator("#offer-rows strong")
    wait_until(lambda: all("RTX 4090" in card for card in cards.all_inner_texts()), 10, "only such cards are shown")
    page.locator("#offer-rows button").first.click()
    dialog = page.locator("#rent")
    dialog.get_by_role("button", name="Rent it").click()
    assert "public SSH key" in dialog.get_by_role("alert").inner_text()
    dialog.get_by_label("Your public SSH key").fill(PUBLIC_KEY)
    dialog.get_by_label("Hours").fill("2")
    assert "the most it may cost" in dialog.inner_text()
    visitor.look_around("rent")
    dialog.get_by_role("button", name="Rent it").click()

    session = page.locator(".session")
    session.wait_for()
    page.locator(".session.running").wait_for(timeout=90_000)
    (rented,) = stack.sessions()
    assert session.locator(".command").inner_text() == rented["ssh"]["command"]
    before = session.locator(".accrued").inner_text()
    browsers.expect(session.locator(".accrued")).not_to_have_text(before)
    session.get_by_text("History").click()
    session.get_by_text("ssh ready").wait_for()
    visitor.look_around("running")

    session.get_by_role("button", name="Extend").click()
    page.locator("#ask").get_by_label("Hours longer").fill("3")
    page.locator("#ask").get_by_role("button", name="Extend").click()
    browsers.expect(session.locator(".left")).to_contain_text("4 h")
    assert stack.get(f"/sessions/{rented['id']}")["hours"] == 5

    session.get_by_role("button", name="End", exact=True).click()
    page.locator("#ask").get_by_role("button", name="End it").click()
    ended = page.locator("#ended-rows tr")
    ended.wait_for(timeout=90_000)
    assert page.locator(".session").count() == 0
    assert page.evaluate("document.activeElement.id") == "live-title"  # the button that had the focus is gone
    ended.locator("summary").click()
    assert rented["tag"] in ended.inner_text()
    visitor.look_around("ended")
    assert stack.get(f"/sessions/{rented['id']}")["status"] == "terminated"
    assert visitor.complaints == []
    assert not any(KEY in url for url in visitor.urls)


def test_what_a_machine_tells_of_itself_is_shown(chromium: Any, stack: Stack) -> None:
    """No simulated machine runs the agent, so the answer of a real one is put in."""
    told = stack.get("/openapi.json")["components"]["examples"]["SessionList"]["value"]
    told["sessions"][0] |= {
        "status": "running", "gpu_util": 37.4,
        "kill_paths": {"control_plane": True, "node_agent": True, "provider": False},
        "agent": told["sessions"][0]["agent"] | {"mode": "full", "note": "no heartbeat for long"},
    }  # fmt: skip
    visitor = Visitor(chromium, stack, "light")
    visitor.page.route("**/sessions?*status=active*", lambda route: route.fulfill(json=told | {"next_cursor": None}))
    visitor.unlock()
    session = visitor.page.locator(".session")
    browsers.expect(session).to_contain_text("37 %")
    browsers.expect(session.get_by_role("meter", name="GPU utilisation")).to_have_js_property("value", 37.4)
    paths = ["✓ this service", "✓ the agent on it", "✕ not by the market itself"]
    browsers.expect(session.locator(".path")).to_have_text(paths)
    browsers.expect(session.locator(".note")).to_have_text("no heartbeat for long")
    visitor.look_around("utilisation")
    assert visitor.complaints == []


def test_costs_are_drawn_by_day_and_group(chromium: Any, stack: Stack) -> None:
    """No stack of an hour has spent for weeks, so the answer of an older one is put in."""
    today = datetime.now(UTC).date()
    days = [(today - timedelta(days=back)).isoformat() for back in (3, 1, 0)]
    groups = [
        {
            "key": f"GPU {number}",
            "cost": 3.0 * number,
            "gpu_hours": 1.0,
            "sessions": 1,
            "days": [{"day": day, "cost": 1.0 * number} for day in days],
        }
        for number in range(1, 8)
    ]
    told = {"currency": "USD", "from": days[0], "to": days[-1], "total": 84.0, "gpu_hours": 7.0, "burn_per_hour": 0.0}
    visitor = Visitor(chromium, stack, "light")
    visitor.page.route("**/costs?*", lambda route: route.fulfill(json=told | {"groups": groups}))
    visitor.unlock()
    chart = visitor.page.locator(".chart")
    browsers.expect(chart.locator("rect")).to_have_count(3 * 6)  # of each day the five dearest, and the others as one
    browsers.expect(chart.locator("rect.s1 title").first).to_contain_text("GPU 7: $7.00")
    assert "$28.00" in str(chart.get_attribute("aria-label"))
    shares = visitor.page.locator(".shares li")
    browsers.expect(shares).to_have_count(6)
    browsers.expect(shares.last).to_contain_text("2 others")
    with visitor.page.expect_request("**/costs?*group_by=consumer*"):
        visitor.page.get_by_label("By", exact=True).select_option("consumer")
    visitor.look_around("costs")
    assert visitor.complaints == []


def test_what_a_card_cost_lately_is_drawn_where_one_is_looked_for(chromium: Any, stack: Stack) -> None:
    """No stack of an hour has seen a week, so the answer of an older one is put in."""
    hours = [
        {"at": f"2026-11-2{day}T{hour:02d}:00:00.000Z", "lowest": 0.3, "median": 0.4 + 0.01 * day, "offers": 9}
        for day in range(3)
        for hour in range(24)
    ]
    series = {"gpu": "RTX 4090", "vram_gb": 24.0, "provider": "vastai", "spot": False, "lowest": 0.3, "median": 0.41}
    visitor = Visitor(chromium, stack, "light")
    told = {"from": hours[0]["at"], "to": hours[-1]["at"], "count": 1, "next_cursor": None}
    prices = [series | {"points": hours, "latest": hours[-1]}]
    visitor.page.route("**/prices?*", lambda route: route.fulfill(json=told | {"prices": prices}))
    visitor.unlock()
    trends = visitor.page.locator("#trends")
    browsers.expect(trends).to_be_hidden()
    with visitor.page.expect_request("**/prices?*gpu=4090*"):
        visitor.page.locator("#filters").get_by_label("GPU", exact=True).fill("4090")
    browsers.expect(trends).to_contain_text("RTX 4090 24 GB, vastai")
    browsers.expect(trends).to_contain_text("usual $0.4100, lowest $0.3000")
    assert "from $0.4000 to $0.4200, now $0.4200" in str(trends.locator(".trend").get_attribute("aria-label"))
    visitor.look_around("trends")
    visitor.page.locator("#filters").get_by_label("GPU", exact=True).fill("")
    browsers.expect(trends).to_be_hidden()
    assert visitor.complaints == []


def test_a_lease_is_shown_and_renewed(chromium: Any, stack: Stack) -> None:
    offer = stack.get("/inventory", spot="false", limit=1)["offers"][0]["id"]
    rented = stack.post("/sessions", {"offer_id": offer, "ssh_public_key": PUBLIC_KEY, "lease_minutes": 5})
    visitor = Visitor(chromium, stack, "light")
    visitor.unlock()
    session = visitor.page.locator(f'[data-key="{rented["id"]}"]')
    browsers.expect(session.locator(".lease")).to_contain_text("4 min")
    session.get_by_role("button", name="Renew").click()
    visitor.page.locator("#toast").get_by_text("The lease is renewed.").wait_for()
    assert stack.get(f"/sessions/{rented['id']}")["lease_expires_at"] > rented["lease_expires_at"]
    visitor.look_around("lease")
    stack.delete(f"/sessions/{rented['id']}")
    assert visitor.complaints == []


def test_a_refusal_is_told_where_it_was_asked_for_and_a_silence_until_it_is_over(chromium: Any, stack: Stack) -> None:
    visitor = Visitor(chromium, stack, "light")
    page = visitor.page
    visitor.unlock()
    page.locator("#offer-rows button").first.click()
    dialog = page.locator("#rent")
    dialog.get_by_label("Your public SSH key").fill("-----BEGIN OPENSSH PRIVATE KEY-----")
    dialog.get_by_role("button", name="Rent it").click()
    browsers.expect(dialog.get_by_role("alert")).to_contain_text("this is a private key")
    page.keyboard.press("Escape")

    page.route("**/sessions?*", lambda route: route.abort())
    browsers.expect(page.locator("#offline")).to_contain_text("The service cannot be reached.")
    visitor.look_around("offline")
    page.unroute("**/sessions?*")
    browsers.expect(page.locator("#offline")).to_be_hidden()
    assert all(
        "Failed to load resource" in each for each in visitor.complaints
    )  # the browser's own words for the above


def test_a_consumer_sees_what_is_theirs_alone(chromium: Any, stack: Stack) -> None:
    stack.post("/consumers", {"id": "eve"})
    visitor = Visitor(chromium, stack, "light")
    visitor.unlock(stack.post("/consumers/eve/keys")["key"])
    page = visitor.page
    page.get_by_text("No budget is set.").wait_for()
    page.get_by_text("Nothing was spent in these days.").wait_for()
    page.get_by_text("Nothing is rented.").wait_for()
    page.get_by_text("No session has ended yet.").wait_for()
    page.get_by_text("Nothing to tell.").wait_for()
    assert "Consumer" not in page.get_by_label("By", exact=True).inner_text()
    visitor.look_around("consumer")
    assert visitor.complaints == []


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_looks_well_and_forgets_the_key_when_it_is_locked(chromium: Any, stack: Stack, look: str) -> None:
    visitor = Visitor(chromium, stack, look)
    page = visitor.page
    visitor.unlock()
    page.locator("#cost-chart strong").wait_for()
    page.locator(".budget").wait_for()
    page.get_by_text("scheduled passes").wait_for()
    visitor.look_around("all")
    page.get_by_role("button", name="Lock", exact=True).click()
    page.get_by_role("button", name="Unlock").wait_for()
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0
    assert visitor.complaints == []


def test_the_keyboard_alone_rents_and_ends(chromium: Any, stack: Stack) -> None:
    wait_until(lambda: not stack.get("/sessions", status="active")["count"], 60, "nothing else is rented")
    visitor = Visitor(chromium, stack, "light")
    page = visitor.page
    visitor.unlock()
    page.locator("#sort").focus()
    _press(page, "Tab", "Tab")  # verified hosts, then the first offer
    chosen = page.evaluate("document.activeElement.dataset.offer")
    _press(page, "Enter")
    page.locator("#rent[open]").wait_for()
    assert page.evaluate("document.activeElement.id") == "ssh"
    _press(page, "Escape")
    page.locator("#rent[open]").wait_for(state="detached")
    assert page.evaluate("document.activeElement.dataset.offer") == chosen  # back where it came from

    _press(page, "Enter")
    page.locator("#rent[open]").wait_for()
    page.keyboard.type(PUBLIC_KEY)
    _press(page, "Tab", "Tab", "Tab", "Enter")  # the image, the way out, the way on
    session = page.locator(".session")
    session.wait_for()
    page.locator("#live-title").focus()
    for _ in range(8):
        _press(page, "Tab")
        if page.evaluate("document.activeElement.textContent") == "End":
            break
    _press(page, "Enter")
    page.locator("#ask[open]").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Cancel"  # no harm by pressing once too often
    _press(page, "Tab", "Enter")
    session.wait_for(state="detached", timeout=90_000)
    assert page.evaluate("document.activeElement.id") == "live-title"
    assert visitor.complaints == []


def _press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.parametrize("look", LOOKS)
def test_the_description_is_there_to_be_read(chromium: Any, stack: Stack, look: str) -> None:
    visitor = Visitor(chromium, stack, look)
    visitor.page.goto(f"{stack.url}/docs")
    visitor.page.locator(".operation").filter(has_text="Rent a machine").locator("summary").first.click()
    visitor.page.get_by_text("idempotency_conflict").first.wait_for()
    visitor.look_around("docs")
    visitor.page.get_by_role("link", name="RequirementsBody").first.click()
    visitor.page.locator("#schema-RequirementsBody[open]").get_by_text("GPUs in one machine, exactly.").wait_for()
    assert visitor.complaints == []
