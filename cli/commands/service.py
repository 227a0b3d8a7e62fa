"""`health` and `sweep`: how the service itself is, and how to make it look at something now."""

from datetime import datetime
from typing import Any

from cli.arguments import Commands, add
from cli.console import STATUS_COLOURS
from cli.context import Context
from cli.table import Column
from cli.words import moment, until, yes

_COLUMNS = (
    Column("CHECK"),
    Column("STATE", paint=STATUS_COLOURS.get),
    Column("LAST", right=True),
    Column("NOTE", shrinks=True),
)


def declare(commands: Commands) -> None:
    add(commands, "health", "tell how the service is; exit code 1 when it is down", health)
    sweep = add(
        commands,
        "sweep",
        "run one of the scheduled passes soon (operators)",
        run_sweep,
        "NAME: reconcile, expire, launch, terminate, watch, accrue, alert, janitor or inventory.",
    )
    sweep.add_argument("name", metavar="NAME")


def health(ctx: Context) -> int:
    answer = ctx.client.health()
    status = answer["status"]
    if ctx.console.as_json:
        ctx.console.data(answer)
    else:
        ctx.console.say(
            f"{ctx.console.status(status)} · {ctx.config.url} · {answer.get('deployment')} {answer.get('version')}"
        )
        ctx.console.table(_COLUMNS, _rows(ctx, answer.get("checks") or {}, ctx.now()))
    return 1 if status == "down" else 0


def run_sweep(ctx: Context) -> int:
    answer = ctx.client.sweep(ctx.args.name)
    if ctx.console.as_json:
        ctx.console.data(answer)
    else:
        ctx.console.say(f"{ctx.args.name} runs soon")
    return 0


def _rows(ctx: Context, checks: dict[str, dict[str, Any]], now: datetime) -> list[list[str]]:
    store = checks.get("store") or {}
    rows = [["store", str(store.get("status", "-")), "-", str(store.get("reason") or store.get("error") or "")]]
    for name, one in (checks.get("providers") or {}).items():
        note = str(one.get("reason") or "")
        if one.get("creates_allowed") is not None:
            note = f"creates: {yes(one['creates_allowed'])}{f', {note}' if note else ''}"
        rows.append([name, str(one.get("status", "-")), _last(ctx, one.get("last_complete_list_at"), now), note])
    for name, one in (checks.get("sweeps") or {}).items():
        rows.append([f"sweep {name}", str(one.get("status", "-")), _last(ctx, one.get("last_completed_at"), now), ""])
    return rows


def _last(ctx: Context, text: str | None, now: datetime) -> str:
    return until(text, now) if ctx.console.terminal and moment(text) else text or "-"
