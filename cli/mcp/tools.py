"""The tools themselves. Each opens a connection of its own: they are called from several threads."""

import secrets
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from cli import keys, lookup, remote
from cli.client import Client
from cli.commands.inventory import provider_notes
from cli.config import Config
from cli.errors import ApiError, Unreachable
from cli.mcp import answers
from cli.mcp.limits import Limits
from cli.mcp.quoting import quote
from cli.mcp.refusals import Refused
from cli.shapes import FINAL, Launch, Requirements, Session

SessionId = Annotated[str, Field(description="The whole id, or its last 4 characters or more.")]
OfferId = Annotated[str, Field(description="As search_offers tells it.")]
Hours = Annotated[float, Field(gt=0, description="It ends by itself when they are over.")]
Disk = Annotated[int, Field(ge=8, description="GB; part of the price.")]
Wait = Annotated[int, Field(ge=0, le=50, description="Seconds to wait at most for the next milestone; 0: answer now.")]
POLL_SECONDS = 1.0


class Wishes(BaseModel):
    """What an offer must be; what is left out does not matter."""

    model_config = ConfigDict(extra="forbid")

    gpu: Annotated[list[str], Field(max_length=16, description="Any of these models, such as 'H100 SXM'.")]
    gpu_count: Annotated[int, Field(ge=1, description="GPUs in one machine.")] = 1
    min_vram_gb: Annotated[float | None, Field(gt=0, description="Per GPU.")] = None
    country: Annotated[list[str] | None, Field(description="Any of these, two letters.")] = None
    provider: Annotated[list[str] | None, Field(description="Any of these markets.")] = None
    min_reliability: Annotated[float | None, Field(ge=0, le=1)] = None
    verified: Annotated[bool | None, Field(description="Only hosts that the market has verified.")] = None


@dataclass(frozen=True, slots=True)
class Tools:
    """`pause` is handed in so that tests need no time."""

    config: Config
    limits: Limits
    pause: Callable[[float], None]

    def search_offers(
        self,
        gpu: Annotated[list[str] | None, Field(description="Any of these models, such as 'RTX 4090'.")] = None,
        min_vram_gb: Annotated[float | None, Field(gt=0, description="Per GPU.")] = None,
        gpu_count: Annotated[int | None, Field(ge=1, description="GPUs in one machine, exactly.")] = None,
        max_price_per_hour: Annotated[float | None, Field(gt=0, description="USD, all-in.")] = None,
        country: Annotated[list[str] | None, Field(description="Two letters each.")] = None,
        provider: Annotated[list[str] | None, Field(description="Markets, such as vastai.")] = None,
        min_reliability: Annotated[float | None, Field(ge=0, le=1)] = None,
        spot: Annotated[bool | None, Field(description="Interruptible offers only, or none; null: both.")] = False,
        disk_gb: Disk = 40,
        limit: Annotated[int, Field(ge=1, le=100)] = 10,
    ) -> answers.Offers:
        """Find GPU machines that can be rented now, cheapest first, over all markets at their all-in price.

        Costs nothing. Use the id of an offer with quote and rent soon: offers come and go within minutes.
        """
        filters = {
            "gpu": gpu, "min_vram_gb": min_vram_gb, "gpu_count": gpu_count, "country": country, "provider": provider,
            "max_price": self.limits.price(max_price_per_hour), "min_reliability": min_reliability, "spot": spot,
            "disk_gb": disk_gb,
        }  # fmt: skip
        found = self._client().inventory(filters, limit)
        return answers.Offers(
            offers=[answers.offer(one) for one in found["offers"]],
            total=found.get("total") or found["count"],
            warnings=provider_notes(found.get("providers") or {}),
        )

    def price_history(
        self,
        gpu: Annotated[list[str], Field(min_length=1, max_length=16, description="Models, such as 'H100 SXM'.")],
        days: Annotated[int, Field(ge=1, le=30, description="The last so many, today included.")] = 7,
        spot: Annotated[bool | None, Field(description="Interruptible offers only, or none; null: both.")] = False,
    ) -> answers.Prices:
        """Tell what cards cost in the last days, by market: is what is asked now much, does it fall? Costs nothing.

        A card that nobody has offered in that time is missing.
        """
        found = self._client().prices({"gpu": gpu, "days": days, "spot": spot})
        return answers.Prices(prices=[answers.price(one) for one in found["prices"]])

    def quote(self, offer_id: OfferId, hours: Hours = 1.0, disk_gb: Disk = 40) -> answers.Quote:
        """Tell what renting this offer would cost and hold, and whether it would be refused. Costs nothing.

        `hold` is the worst case that is set aside of the budget; `price` is what it costs if it runs all its hours.
        """
        client = self._client()
        return quote(client, client.offer(lookup.offer(client, offer_id), disk_gb), self.limits.hours(hours))

    def rent(
        self,
        offer_id: Annotated[
            str | None, Field(description="This very offer. Exactly one of offer_id and wishes.")
        ] = None,
        wishes: Annotated[Wishes | None, Field(description="Or the cheapest offer that fits.")] = None,
        hours: Hours = 1.0,
        max_price_per_hour: Annotated[float | None, Field(gt=0, description="USD; nothing dearer is rented.")] = None,
        lease_minutes: Annotated[
            float | None, Field(ge=0, description="It ends unless renew_session is called so often. Null: the usual.")
        ] = None,
        disk_gb: Disk = 40,
        image: Annotated[str | None, Field(description="Docker image; null: the market's plain CUDA one.")] = None,
        onstart: Annotated[str | None, Field(description="Script that runs on the machine after boot.")] = None,
        idle_minutes: Annotated[int, Field(ge=0, description="End it when its GPUs idle so long; 0: never.")] = 0,
        request_id: Annotated[
            str | None, Field(description="Choose one to repeat a rent whose answer was lost: it never rents twice.")
        ] = None,
    ) -> answers.Session:
        """Rent a GPU machine. THIS SPENDS MONEY until the session has ended: end_session as soon as work is done.

        The session has a lease: unless renew_session is called within lease_minutes, again and again, it ends by
        itself, so that nothing runs on when nobody is there any more. What a budget would not pay for is refused.
        """
        public, _ = keys.public(self.config, None)
        launch: Launch = {"ssh_public_key": public, "hours": self.limits.hours(hours), "disk_gb": disk_gb}
        client = self._client()
        if (offer_id is None) == (wishes is None):
            raise Refused("exactly one of offer_id and wishes says what to rent", "Give one of them.", "usage")
        if offer_id is not None:
            launch["offer_id"] = lookup.offer(client, offer_id)
        if wishes is not None:
            launch["requirements"] = _requirements(wishes)
        if (price := self.limits.price(max_price_per_hour)) is not None:
            launch["max_price"] = price
        if (lease := self.limits.lease(lease_minutes)) is not None:
            launch["lease_minutes"] = lease
        if image is not None:
            launch["image"] = image
        if onstart is not None:
            launch["onstart"] = onstart
        if idle_minutes:
            launch["idle_minutes"] = idle_minutes
        key = request_id or secrets.token_hex(16)
        try:
            return self._told(client.open_session(launch, key))
        except (Unreachable, ApiError) as error:
            unsure = error.sent if isinstance(error, Unreachable) else error.status >= 500
            if not unsure or error.code == "creates_blocked":
                raise
            again = f"Call rent again with the very same arguments and request_id {key!r}: it never rents twice."
            raise Refused("no clear answer came, and the machine may be rented", again, "unclear") from None

    def session_status(self, session_id: SessionId, wait_seconds: Wait = 0) -> answers.Session:
        """Tell how a session is: its state, what it spent, and how long its lease holds. Costs nothing.

        With wait_seconds it answers once the session runs or is gone, or after that time. Does not renew the lease.
        """
        client = self._client()
        found = client.session(lookup.session(client, session_id))
        settled = (*FINAL, "running")
        for _ in range(wait_seconds):
            if found["status"] in settled:
                break
            self.pause(POLL_SECONDS)
            found = client.session(found["id"])
        return self._told(found)

    def list_sessions(
        self,
        include_ended: bool = False,
        limit: Annotated[int, Field(ge=1, le=100)] = 20,
    ) -> answers.Sessions:
        """List sessions, newest first: those that live, or the ended ones too. Costs nothing."""
        found = self._client().session_list({"status": None if include_ended else "active"}, limit)
        now = datetime.now(UTC)
        return answers.Sessions(
            sessions=[answers.session(one, now) for one in found["sessions"]], more=found["next_cursor"] is not None
        )

    def ssh_info(self, session_id: SessionId) -> answers.Ssh:
        """Tell how to get into a running session by SSH. The private key stays where this server runs."""
        client = self._client()
        found = client.session(lookup.session(client, session_id))
        to = remote.address(found)
        remote.prepare(self.config)
        return answers.Ssh(
            command=shlex.join(remote.command(self.config, found, None, ())),
            host=to["host"],
            port=to["port"],
            user=to["user"],
            key_files=[str(path) for path in keys.identities(self.config, None)],
        )

    def renew_session(self, session_id: SessionId) -> answers.Session:
        """Renew a session's lease: say that you are still there and still need it. Costs nothing by itself.

        The lease begins anew; it never moves the end of the hours (extend_session does). Call it at half of the lease.
        """
        client = self._client()
        return self._told(client.renew(lookup.session(client, session_id)))

    def extend_session(
        self, session_id: SessionId, hours: Annotated[float, Field(gt=0, description="So many more.")]
    ) -> answers.Session:
        """Let a session run more hours than it was rented for. THIS MAY SPEND MORE MONEY, and holds it at once.

        Not past the hard max. Adds up: after an unclear answer look at expires_at before you call it again.
        """
        client = self._client()
        self.limits.hours(hours)
        return self._told(client.extend(lookup.session(client, session_id), hours))

    def end_session(self, session_id: SessionId, wait_seconds: Wait = 0) -> answers.Session:
        """End a session: its machine is destroyed with everything on it, and no longer costs anything.

        Save what is needed first. It may be called any number of times. With wait_seconds it waits for the proof.
        """
        client = self._client()
        wanted = lookup.session(client, session_id)
        found = client.done(wanted)
        for _ in range(wait_seconds):
            if found["status"] in FINAL:
                break
            self.pause(POLL_SECONDS)
            found = client.session(found["id"])
        return self._told(found)

    def costs(
        self,
        group_by: Literal["day", "month", "session", "provider", "gpu", "consumer"] = "day",
        since: Annotated[str | None, Field(description="First day, like 2026-11-01; null: 30 days ago.")] = None,
        until: Annotated[str | None, Field(description="Last day; null: today.")] = None,
        session_id: Annotated[SessionId | None, Field(description="Only this session's.")] = None,
    ) -> answers.Costs:
        """Tell what was spent up to this moment, in USD, and what all that runs now costs an hour. Costs nothing."""
        client = self._client()
        session = None if session_id is None else lookup.session(client, session_id)
        told = client.costs({"group_by": group_by, "from": since, "to": until, "session": session})
        groups = [
            answers.Group(key=str(one["key"]), cost=one["cost"], gpu_hours=one["gpu_hours"], sessions=one["sessions"])
            for one in told["groups"]
        ]
        return answers.Costs(
            since=told["from"],
            until=told["to"],
            total=told["total"],
            gpu_hours=told["gpu_hours"],
            burn_per_hour=told["burn_per_hour"],
            groups=groups,
        )

    def _client(self) -> Client:
        return Client(self.config.url, self.config.key, self.config.no_key)

    def _told(self, session: Session) -> answers.Session:
        return answers.session(session, datetime.now(UTC))


def _requirements(wishes: Wishes) -> Requirements:
    wanted: Requirements = {"gpu": wishes.gpu, "gpu_count": wishes.gpu_count}
    if wishes.min_vram_gb is not None:
        wanted["min_vram_gb"] = wishes.min_vram_gb
    if wishes.country:
        wanted["country"] = wishes.country
    if wishes.provider:
        wanted["provider"] = wishes.provider
    if wishes.min_reliability is not None:
        wanted["min_reliability"] = wishes.min_reliability
    if wishes.verified is not None:
        wanted["verified"] = wishes.verified
    return wanted
