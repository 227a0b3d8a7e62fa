"""`orphans`: every machine on the accounts, straight from the providers, for the day when nothing else is left."""

from cli.arguments import Commands, add, positive
from cli.context import Context

_PATIENCE = 300.0
_MORE = """\
Talks to the providers with their own keys (VASTAI_API_KEY, TENSORDOCK_API_TOKEN, as the service has them), without the
service and without its table. Which machines are ours says their tag, by the deployment (SHOPPER_DEPLOYMENT) and its
signing keys, from the data directory (SHOPPER_DATA_DIR) or, for one on AWS, from SSM (SHOPPER_SECRETS_PATH).

With --execute those past their hard max are destroyed, or those named by ID: vastai:123, or a session's id, of which
four characters or more of its end will do if no other ends so. A machine whose tag names this deployment and does not
verify is destroyed only when it is named whole; a foreign one never."""


def declare(commands: Commands) -> None:
    summary = "list what is on the providers' accounts without the service, and end what is past its end"
    parser = add(commands, "orphans", summary, run, _MORE)
    parser.add_argument(
        "ids", metavar="ID", nargs="*", help="these machines only; provider:id, or the end of a session's id"
    )
    parser.add_argument("--execute", action="store_true", help="destroy them (else nothing is changed)")
    parser.add_argument("--all-ours", action="store_true", help="all verified ones, running sessions included")
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask (only asked on a terminal)")
    parser.add_argument(
        "--timeout", type=positive, default=_PATIENCE, metavar="SECONDS", help="to prove them gone (default: 300)"
    )


def run(ctx: Context) -> int:
    from cli.direct.errand import orphans  # the adapters' own imports are for those who need them

    return orphans(ctx)
