"""`python -m deploy COMMAND --stage STAGE`: package | template | prepare | secrets | operator-key | live."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from chalicelib.settings import load
from deploy.names import STAGES, parameter


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy", description=__doc__)
    parser.add_argument("command", choices=sorted(_COMMANDS))
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--parameters", default="", help="of the stack: 'AlarmEmail=me@example.com Vastai=no'")
    chosen = parser.parse_args(argv)
    from botocore.exceptions import BotoCoreError

    try:
        return _COMMANDS[chosen.command](chosen)
    except BotoCoreError as error:  # no region, no credentials, no such profile
        print(f"AWS cannot be asked: {error} (see `aws configure`, AWS_PROFILE, AWS_DEFAULT_REGION)", file=sys.stderr)
        return 1


def _package(chosen: argparse.Namespace) -> int:
    from deploy.bundle import CODE, TEMPLATE, WrongPython, package

    try:
        release = package(chosen.stage, chosen.out)
    except WrongPython as error:
        print(error, file=sys.stderr)
        return 1
    size = (chosen.out / CODE).stat().st_size
    print(f"{chosen.out / TEMPLATE} and {chosen.out / CODE} ({size / 1e6:.1f} MB), release {release}")
    return 0


def _template(chosen: argparse.Namespace) -> int:
    from deploy.bundle import template_only

    template_only(chosen.stage, chosen.out)
    return 0


def _prepare(chosen: argparse.Namespace) -> int:
    """Prints the stack's parameters for `aws cloudformation deploy`; everything for people goes to stderr."""
    from botocore.session import get_session

    from deploy.account import NotReady, prepare

    def note(line: str) -> None:
        print(line, file=sys.stderr)

    try:
        print(*prepare(chosen.stage, chosen.parameters.split(), get_session().create_client, note))
    except NotReady as error:
        note(str(error))
        return 1
    return 0


def _secrets(chosen: argparse.Namespace) -> int:
    from botocore.session import get_session

    from chalicelib.vault.secrets import make_parameters

    made = make_parameters(get_session().create_client("ssm"), parameter(chosen.stage))
    print(f"{parameter(chosen.stage)}: made {', '.join(made)}" if made else f"{parameter(chosen.stage)}: all there")
    return 0


def _operator_key(chosen: argparse.Namespace) -> int:
    from deploy.operator import first_key

    print(first_key(load({"SHOPPER_DEPLOYMENT": chosen.stage})))
    return 0


def _live(chosen: argparse.Namespace) -> int:
    """The exit status: 1 while sessions live, or where nobody can say."""
    from chalicelib.domain.errors import StoreDown
    from chalicelib.store import open_store

    try:
        live = [session.id for session in open_store(load({"SHOPPER_DEPLOYMENT": chosen.stage})).sessions.live()]
    except StoreDown as error:
        print(f"cannot read the table shopper-{chosen.stage}, so nobody knows what lives: {error.reason}")
        return 1
    if live:
        print(f"{len(live)} sessions live: end them first, or their machines bill on\n" + "\n".join(live[:20]))
    return 1 if live else 0


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "package": _package,
    "template": _template,
    "prepare": _prepare,
    "secrets": _secrets,
    "operator-key": _operator_key,
    "live": _live,
}

if __name__ == "__main__":
    sys.exit(main())
