"""`consumers` and `keys`: who may rent, and with which keys; for operators."""

from cli.arguments import Commands, Parser, add, at_least_zero, whole
from cli.context import Context
from cli.errors import UsageError
from cli.shapes import Consumer
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
    consumers = _group(commands, "consumers", "who may rent, and how much (operators)")
    create = add(consumers, "create", "add a consumer", create_consumer, "Then: gpu-shopper keys create ID")
    change = add(consumers, "set", "change a consumer's limits, role or status", set_consumer)
    for parser in (create, change):
        parser.add_argument("id", metavar="ID")
        parser.add_argument("--role", choices=("consumer", "operator"))
        parser.add_argument("--max-sessions", type=whole, metavar="N", help="live at once")
        parser.add_argument(
            "--max-price", type=at_least_zero, metavar="USD", help="per hour, all its sessions together"
        )
    change.add_argument("--status", help="active or disabled")
    add(consumers, "ls", "list the consumers", list_consumers)

    keys = _group(commands, "keys", "the API keys of a consumer (operators)")
    add(keys, "create", "make a key; it is shown once", create_key).add_argument("consumer", metavar="CONSUMER")
    add(keys, "ls", "list the keys of a consumer", list_keys).add_argument("consumer", metavar="CONSUMER")
    remove = add(keys, "rm", "revoke a key, at once and for good", remove_key)
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
    rows = [
        [key["key_id"], key.get("created_at") or "-", key.get("last_used_at") or "-", key.get("revoked_at") or "-"]
        for key in answer["keys"]
    ]
    ctx.console.table(_KEYS, rows)
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


def _group(commands: Commands, name: str, summary: str) -> Commands:
    parser: Parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    return parser.add_subparsers(metavar="ACTION", required=True)


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
