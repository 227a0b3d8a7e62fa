"""What is told of the machines on the accounts: table rows for people, JSON for programs."""

from collections.abc import Sequence

from chalicelib.domain.instant import SECOND, Instant, rfc3339
from chalicelib.domain.money import to_dollars
from cli.direct.ending import Ending
from cli.direct.markets import Direct
from cli.direct.survey import Account, Machine
from cli.lookup import short
from cli.table import Column
from cli.words import rate, span

COLUMNS = (
    Column("MACHINE", elides=True, least=20),  # so much of tensordock:1a77…bb38 is still told from another
    Column("OURS", paint={"yes": "green", "unverified": "yellow"}.get),
    Column("STATE", shrinks=True, optional=2),
    Column("GPU", shrinks=True, least=14, optional=4),
    Column("$/H", right=True, optional=1),
    Column("AGE", right=True, optional=3),
    Column("HARD MAX", paint=lambda text: "red" if text.startswith("past") else None),
    Column("SESSION"),
)


def row(machine: Machine, now: Instant, whole: bool) -> list[str]:
    """`whole`: the session's id too, and not only its end, as `ls` has it."""
    late = (now - machine.due_at) / SECOND
    price = machine.instance.price_per_hour
    return [
        machine.name,
        "yes" if machine.verified else "unverified",
        machine.instance.status,
        machine.instance.gpu or "-",
        rate(None if price is None else to_dollars(price)),
        span((now - machine.created_at) / SECOND),
        (f"past by {span(late)}" if machine.overdue else f"in {span(-late)}") + (" ?" if machine.doubt else ""),
        machine.session_id if whole else short(machine.session_id),
    ]


def fields(
    direct: Direct, accounts: Sequence[Account], chosen: Sequence[Machine], endings: Sequence[Ending]
) -> dict[str, object]:
    return {
        "deployment": direct.settings.deployment,
        "simulated": direct.simulated,
        "providers": {
            account.provider: {
                "ours": [_machine(machine) for machine in account.ours],
                "unverified": [_machine(machine) for machine in account.unverified],
                "foreign": None if account.error else account.foreign,
                "error": account.error,
            }
            for account in accounts
        },
        "chosen": [machine.name for machine in chosen],
        "destroyed": [_ending(ending) for ending in endings],
    }


def _machine(machine: Machine) -> dict[str, object]:
    price = machine.instance.price_per_hour
    return {
        "id": machine.name,
        "session": machine.session_id,
        "tag": machine.instance.tag,
        "status": machine.instance.status,
        "gpu": machine.instance.gpu,
        "price_per_hour": None if price is None else to_dollars(price),
        "created_at": rfc3339(machine.created_at),
        "due_at": rfc3339(machine.due_at),
        "overdue": machine.overdue,
        "doubt": machine.doubt,
    }


def _ending(ending: Ending) -> dict[str, object]:
    return {
        "id": ending.machine.name,
        "gone": ending.gone,
        "destroy_calls": ending.asked,
        "absent_at": [rfc3339(look) for look in ending.looks],
        "trouble": None if ending.gone else ending.trouble,
    }
