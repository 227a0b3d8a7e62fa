"""What the packages bring that no function needs, and every cold start would read: out of the package.

Of botocore's descriptions of AWS those operations stay that the functions may ask for, which is read off their own
policies: what no role may do needs no description. Of its code, that which writes documentation goes.
"""

import gzip
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy import policies
from deploy.functions import FUNCTIONS
from deploy.names import STAGES, Json

_CLIENTS = ("dynamodb", "sns", "sqs")  # SSM is asked without a client
_NOT_IN_POLICIES = {"dynamodb": {"TransactWriteItems"}}  # IAM knows a transaction by its parts


_DOCSTRINGS = """\
class ClientMethodDocstring(str):
    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)


PaginatorDocstring = WaiterDocstring = ClientMethodDocstring
"""
_NO_GUESSES = """\
from charset_normalizer.version import __version__


def detect(content):
    return {"encoding": None, "confidence": 0.0, "language": ""}
"""
REPLACED: Mapping[str, Mapping[str, str | None]] = {
    # Its writers of documentation bring an HTML parser. `utils` stays: botocore's handlers are made of it.
    "botocore/docs": {"__init__.py": "", "docstring.py": _DOCSTRINGS, "utils.py": None},
    # HTTP/2 is off until somebody asks for it, and reads the metadata of packages to say whether it could be on.
    "urllib3/http2": {"__init__.py": "", "probe.py": None},
    # requests guesses the encoding of a text without one; ours are bytes, and JSON.
    "charset_normalizer": {"__init__.py": _NO_GUESSES, "version.py": None},
}
"""Folders of the package, and all that is in them then: None is what was there."""


def spare(code: Path) -> None:
    """`code`: the folder of all packages."""
    slim(code / "botocore" / "data")
    for folder, files in REPLACED.items():
        for found in list((code / folder).iterdir()):
            if found.is_dir():
                shutil.rmtree(found)
            elif found.name not in files:
                found.unlink()
        for name, text in files.items():
            if text is not None:
                (code / folder / name).write_text(text)


def slim(data: Path) -> None:
    """`data`: botocore's folder of that name."""
    for folder in data.iterdir():
        if folder.is_dir() and folder.name not in _CLIENTS:
            shutil.rmtree(folder)
    for service in _CLIENTS:
        *old, newest = sorted(folder for folder in (data / service).iterdir() if folder.is_dir())
        for folder in old:
            shutil.rmtree(folder)
        _model(newest / "service-2.json.gz", operations(service))
        for unused in ("examples-1.json", "waiters-2.json", "paginators-1.json"):
            (newest / unused).unlink(missing_ok=True)
    _endpoints(data / "endpoints.json")


def operations(service: str) -> set[str]:
    """Those that at least one function may ask of it."""
    statements = [one for name in FUNCTIONS for one in policies.policy(name, STAGES[-1])["Statement"]]
    actions = [action.split(":") for one in statements for action in one["Action"]]
    return {action for prefix, action in actions if prefix == service} | _NOT_IN_POLICIES.get(service, set())


def _model(file: Path, wanted: set[str]) -> None:
    whole = _undocumented(json.loads(gzip.decompress(file.read_bytes())))
    kept = {name: operation for name, operation in whole["operations"].items() if name in wanted}
    shapes: Json = {}
    _gather(kept, whole["shapes"], shapes)
    small = {**whole, "operations": kept, "shapes": shapes}
    file.write_bytes(gzip.compress(json.dumps(small, separators=(",", ":")).encode(), mtime=0))


def _gather(part: Any, shapes: Json, found: Json) -> None:
    """Every shape that this part of the model leads to, into `found`."""
    if isinstance(part, dict):
        name = part.get("shape")
        if isinstance(name, str) and name not in found:
            found[name] = shapes[name]
            _gather(shapes[name], shapes, found)
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            _gather(each, shapes, found)


def _undocumented(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _undocumented(each) for key, each in part.items() if not (key == "documentation" and _text(each))}
    return [_undocumented(each) for each in part] if isinstance(part, list) else part


def _text(part: Any) -> bool:
    """A shape may have a member of that name, which is no text."""
    return isinstance(part, str)


def _endpoints(file: Path) -> None:
    known = json.loads(file.read_text())
    for partition in known["partitions"]:
        partition["services"] = {name: each for name, each in partition["services"].items() if name in _CLIENTS}
    file.write_text(json.dumps(known, separators=(",", ":")))
