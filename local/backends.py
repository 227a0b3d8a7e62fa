"""The local cloud as a whole: the processes it is made of, and the environment under which the service finds them."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chalicelib import settings
from local.children import Child, ChildFailed, free_ports
from local.cloud import REGION, TOPIC_ARN, queue_url
from local.datadir import DataDir, Note
from local.engine import command, find_engine

READY_SECONDS = 30.0
ROOT = Path(__file__).resolve().parents[1]

# Our own fake markets need no courtesy: at the pace that is polite to the real ones everything local would crawl.
BRISK = {
    "SHOPPER_VASTAI_CALL_SPACING_SECONDS": "0.01",
    "SHOPPER_VASTAI_CREATE_SPACING_SECONDS": "0.2",
    "SHOPPER_TENSORDOCK_CALLS_PER_MINUTE": "6000",
}
_SIMULATED_KEY = "simulated"
"""What the bundled markets take as the account's key."""

PROVIDER_KEYS = ("VASTAI_API_KEY", "TENSORDOCK_API_TOKEN")
DUMMY_AWS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


@dataclass(frozen=True)
class Backends:
    """Not yet started."""

    children: list[Child]
    note: Note
    state: str
    """For people: where the state lives."""
    memory: Child | None
    """The process that takes the state with it when it ends; None where the state lies in a file."""


def plan(env: Mapping[str, str], data: DataDir) -> Backends:
    """What has to run for a service with this environment."""
    engine_port, cloud_port, *market_ports = free_ports(4)
    cloud = Child(
        "local AWS", _python("local.cloud", "--port", str(cloud_port)), cloud_port, env, data.logs / "aws.log"
    )
    children = [cloud]
    found = {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "SHOPPER_QUEUE_URL": queue_url(cloud_port),
        "SHOPPER_TOPIC_ARN": TOPIC_ARN,
        # Each start is a release of its own: it looks at what the markets hold before it creates anything.
        "SHOPPER_RELEASE": env.get("SHOPPER_RELEASE") or str(time.time_ns()),
        **DUMMY_AWS,
    }
    memory = None
    binary = find_engine(ROOT)
    if env.get("AWS_ENDPOINT_URL_DYNAMODB"):
        state = found["AWS_ENDPOINT_URL_DYNAMODB"] = env["AWS_ENDPOINT_URL_DYNAMODB"]
        found.update({name: env[name] for name in DUMMY_AWS if env.get(name)})
    elif binary:
        file = data.path / "state.db"
        engine = Child("state engine", command(binary, file, engine_port), engine_port, env, data.logs / "engine.log")
        children.append(engine)
        found["AWS_ENDPOINT_URL_DYNAMODB"] = engine.url
        state = f"{file} (kept by {binary.name})"
    else:
        found["AWS_ENDPOINT_URL_DYNAMODB"] = cloud.url
        state = "MEMORY ONLY: no state engine is installed. Every session is forgotten at the next stop"
        memory = cloud
    simulated = not any(env.get(name) for name in PROVIDER_KEYS)
    if simulated:
        vastai, tensordock = (
            _market(name, port, env, data) for name, port in zip(("vastai", "tensordock"), market_ports, strict=True)
        )
        children += [vastai, tensordock]
        found |= {
            "VASTAI_API_KEY": _SIMULATED_KEY,
            "VASTAI_API_URL": vastai.url,
            "TENSORDOCK_API_TOKEN": _SIMULATED_KEY,
            "TENSORDOCK_API_URL": tensordock.url,
            **{name: value for name, value in BRISK.items() if not env.get(name)},
        }
    return Backends(children, Note(env=found, simulated=simulated), state, memory)


def service(env: Mapping[str, str], port: int) -> Child:
    """The service itself; it waits for a line on its standard input before it touches any backend."""
    env = {**env, "PORT": str(port)}
    return Child("service", _python("local.service"), port, env, log=None, listens=True)


def ensure(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the local cloud of this data directory, for a process that was started without one.

    Where `make run` (or another process) holds the directory, that one's. Otherwise the whole of it is started
    here, scheduled functions and queue worker included, and dies with this process. Raises ChildFailed.
    """
    env = settings.merged(environ, Path(".env"))
    data = DataDir(env.get("SHOPPER_DATA_DIR") or ".local")
    if data.hold(0.0):
        return _start(env, data)
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        note = data.read_note()
        if note:
            return note.env
        time.sleep(0.1)
    raise ChildFailed(f"process {data.holder()} holds {data.path}, but its local cloud never came up")


_ours: list[DataDir] = []
"""Held for as long as this process lives."""


def _start(env: Mapping[str, str], data: DataDir) -> dict[str, str]:
    _ours.append(data)
    backends = plan(env, data)
    env = {**env, **backends.note.env}
    worker = service(env, free_ports(1)[0])  # for what the clock and the queue call; its HTTP side nobody asks
    for child in [*backends.children, worker]:
        child.start()
    for child in backends.children:
        child.wait_ready(READY_SECONDS)
    worker.say(b"")
    worker.wait_ready(READY_SECONDS)
    data.note(backends.note)
    return backends.note.env


def _market(name: str, port: int, env: Mapping[str, str], data: DataDir) -> Child:
    state = str(data.path / f"{name}.json")
    argv = _python(
        "simulators", name, "--port", str(port), "--state", state, "--seed", "1", "--api-key", _SIMULATED_KEY
    )
    return Child(f"{name} simulator", argv, port, env, data.logs / f"{name}.log")


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]
