"""`consumers` and `keys`: who may rent, and with which keys; for operators."""

from cli.arguments import Commands, add, at_least_zero, whole
from cli.context import Command, Context
from cli.errors import UsageError
from cli.shapes import Consumer, Key
from cli.table import Column
from cli.words import number, usd

_CONSUMERS = (
    Column("CONSUMER"),
    Column("ROLE"),
    Column("STATUS"),
    Column("SESSIONS", right=True),
    Column("$/H", right=True),
)
_KEYS = (Column("KEY"), Column("CREATED"), Column("LAST USED", optional=1), Column("REVOKED"))


def declare(commands: Commands) -> None:
    consumers = _group(
        commands, "consumers", "who may rent, and how much (operators); alone: list them", list_consumers
    )
    create = add(consumers, "create", "add a consumer", create_consumer, "Then: gpu-shopper keys create ID", inner=True)
    change = add(consumers, "set", "change a consumer's limits, role or status", set_consumer, inner=True)
    for parser in (create, change):
        parser.add_argument("id", metavar="ID")
        parser.add_argument("--role", choices=("consumer", "operator"))
        parser.add_argument("--max-sessions", type=whole, metavar="N", help="live at once")
        parser.add_argument(
            "--max-price", type=at_least_zero, metavar="USD", help="per hour, all its sessions together"
        )
    change.add_argument("--status", help="active or disabled")
    add(consumers, "ls", "list the consumers", list_consumers, inner=True)

    keys = _group(commands, "keys", "the API keys of consumers (operators); alone: list them all", list_all_keys)
    make = add(keys, "create", "make a key; it is shown once", create_key, inner=True)
    make.add_argument("consumer", metavar="CONSUMER")
    look = add(keys, "ls", "list the keys of a consumer", list_keys, inner=True)
    look.add_argument("consumer", metavar="CONSUMER")
    remove = add(keys, "rm", "revoke a key, at once and for good", remove_key, inner=True)
    remove.add_argument("consumer", metavar="CONSUMER")
    remove.add_argument("key_id", metavar="KEY")


def list_consumers(ctx: Context) -> int:
    answer = ctx.client.consumers()
    if ctx.console.as_json:
        ctx.console.data(answer)
    else:
        ctx.console.table(_CONSUMERS, [_row(one) for one in answer["consumers"]])
    return 0


def create_consumer(ctx: Context) -> int:
    return _tell(ctx, ctx.client.create_consumer({"id": ctx.args.id, **_limits(ctx)}))


def set_consumer(ctx: Context) -> int:
    fields = _limits(ctx)
    if ctx.args.status:
        fields["status"] = ctx.args.status
    if not fields:
        raise UsageError("nothing to change", "give --role, --max-sessions, --max-price or --status")
    return _tell(ctx, ctx.client.change_consumer(ctx.args.id, fields))


def list_keys(ctx: Context) -> int:
    answer = ctx.client.keys(ctx.args.consumer)
    if ctx.console.as_json:
        ctx.console.data(answer)
        return 0
    ctx.console.table(_KEYS, [_key_row(key) for key in answer["keys"]])
    return 0


def list_all_keys(ctx: Context) -> int:
    consumers = [one["id"] for one in ctx.client.consumers()["consumers"]]
    found = [(consumer, key) for consumer in consumers for key in ctx.client.keys(consumer)["keys"]]
    if ctx.console.as_json:
        ctx.console.data({"keys": [{**key, "consumer": consumer} for consumer, key in found], "count": len(found)})
    else:
        ctx.console.table((Column("CONSUMER"), *_KEYS), [[consumer, *_key_row(key)] for consumer, key in found])
    return 0


def create_key(ctx: Context) -> int:
    """The key alone goes to stdout, so that a script can take it from there."""
    key = ctx.client.create_key(ctx.args.consumer)
    if ctx.console.as_json:
        ctx.console.data(key)
        return 0
    ctx.console.note(f"key {key['key_id']} of {ctx.args.consumer}, shown this once:")
    ctx.console.say(key["key"])
    return 0


def remove_key(ctx: Context) -> int:
    answer = ctx.client.delete_key(ctx.args.consumer, ctx.args.key_id)
    if ctx.console.as_json:
        ctx.console.data(answer)
    else:
        ctx.console.say(f"{ctx.args.key_id} of {ctx.args.consumer} is revoked")
    return 0


def _group(commands: Commands, name: str, summary: str, alone: Command) -> Commands:
    """Commands below a command, which does something `alone` too."""
    return add(commands, name, summary, alone).add_subparsers(metavar="ACTION")


def _key_row(key: Key) -> list[str]:
    return [key["key_id"], key.get("created_at") or "-", key.get("last_used_at") or "-", key.get("revoked_at") or "-"]


def _limits(ctx: Context) -> dict[str, object]:
    args = ctx.args
    wanted = {"role": args.role, "max_sessions": args.max_sessions, "max_price_per_hour": args.max_price}
    return {name: value for name, value in wanted.items() if value is not None}


def _tell(ctx: Context, consumer: Consumer) -> int:
    if ctx.console.as_json:
        ctx.console.data(consumer)
    else:
        ctx.console.table(_CONSUMERS, [_row(consumer)])
    return 0


def _row(consumer: Consumer) -> list[str]:
    return [
        consumer["id"],
        consumer.get("role", "-"),
        consumer.get("status", "-"),
        number(consumer.get("max_sessions")),
        usd(consumer.get("max_price_per_hour")),
    ]
