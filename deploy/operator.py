"""The operator of a deployment on AWS and a key for them, made with the AWS rights of whoever deploys."""

import secrets
import time
from contextlib import suppress

from botocore.session import get_session

from chalicelib.domain import access
from chalicelib.domain.access import Consumer, KeyRecord, Role
from chalicelib.domain.errors import Stale
from chalicelib.domain.money import MICROS_PER_DOLLAR
from chalicelib.settings import Settings
from chalicelib.store import open_store
from chalicelib.vault.secrets import from_parameters
from deploy.names import parameter

OPERATOR = "operator"

# The operator's own limits guard against a loop gone wild, not against the operator.
_MAX_SESSIONS = 1_000
_MAX_PER_HOUR = 1_000 * MICROS_PER_DOLLAR


def first_key(settings: Settings) -> str:
    """A new key of the consumer `operator`, who is made if missing. Earlier keys hold on: revoke them by the API."""
    pepper = from_parameters(get_session().create_client("ssm"), parameter(settings.deployment)).pepper
    register = open_store(settings).access
    now = time.time_ns() // 1_000_000
    operator = Consumer(
        id=OPERATOR,
        role=Role.OPERATOR,
        max_sessions=_MAX_SESSIONS,
        max_price_per_hour=_MAX_PER_HOUR,
        created_at=now,
    )
    with suppress(Stale):
        register.put_consumer(operator, create=True)
    key_id, key, digest = access.issue(secrets.token_bytes(38), pepper)
    register.put_key(KeyRecord(id=key_id, consumer=OPERATOR, digest=digest, created_at=now))
    return key
