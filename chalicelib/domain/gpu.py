"""One name for one card, whatever a market or a person calls it.

`GeForce RTX 4090 24GB`, `RTX_4090` and `geforcertx4090-pcie-24gb` are all `RTX 4090`; `A100 SXM4` and
`a100-sxm4-80gb` are `A100 SXM`. Memory is never part of the name. A name we do not know is kept, tidied.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from chalicelib.domain.words import printable

UNKNOWN = "unknown"
_LONGEST = 64

_MEMORY = re.compile(r"(?<![0-9.])([0-9]{1,3}(?:\.[0-9]+)?)\s?gi?b(?![a-z0-9])", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s_\-®™]+|\((?:r|tm)\)")
_VENDOR = re.compile(r"^(?:nvidia|amd|geforce|tesla|radeon(?=rx)|instinct)+")
_MARK = re.compile(
    r"ti|super|sff|serveredition|server|s|d|adageneration|ada|laptopgpu|laptop|mobile|maxq|lhr"
    r"|workstationedition|workstation|ws|blackwell"
)
_GEFORCE = re.compile(
    r"(?P<line>quadrortx|qrtx|rtxpro|rtx|gtx|gt|(?=[1-9][0-9][1-9]0(?![0-9]))|(?=a[2-6][05]00(?![0-9])))"
    rf"(?P<number>a?[0-9]{{3,4}})(?P<marks>(?:{_MARK.pattern})*)(?:pcie|pci)?"
)
_QUADRO = re.compile(r"(?:quadro)?(?P<model>gv100|[pkm][0-9]{4}|(?<=quadro)t[0-9]{3,4})(?:pcie|pci)?")
_TITAN = re.compile(r"(?P<gtx>gtx)?titan(?P<kind>rtx|xp|x|v|z|black)?(?:pcie|pci)?")
_RADEON = re.compile(r"rx(?P<number>[0-9]{3,4})(?P<kind>xtx|xt|gre)?(?:pcie|pci)?")
_MINING = re.compile(r"cmp(?P<kind>[0-9]{2,3}hx)(?:pcie|pci)?")
_DATACENTRE = re.compile(r"(?P<model>[a-z]{1,2}[0-9]{1,4}[a-z]{0,2}?)(?:(?P<form>sxm|nvlink|nvl|pcie|pci)[0-9]?)?")

_LINES = {"quadrortx": "Quadro RTX", "qrtx": "Quadro RTX", "rtxpro": "RTX PRO", "gtx": "GTX", "gt": "GT"}
_MARKS = {  # in the order in which they are spoken; the rest says nothing about the card
    "ti": "Ti",
    "super": "SUPER",
    "s": "SUPER",
    "d": "D",
    "sff": "SFF",
    "ada": "Ada",
    "adageneration": "Ada",
    "maxq": "Max-Q",
    "laptop": "Laptop",
    "laptopgpu": "Laptop",
    "mobile": "Laptop",
}
_PRO_FORMS = {  # Max-Q first: it is sold as a workstation card as well
    "maxq": "Max-Q",
    "server": "Server",
    "serveredition": "Server",
    "s": "Server",
    "workstation": "Workstation",
    "workstationedition": "Workstation",
    "ws": "Workstation",
}
_FORMS = {"maxq": "Max-Q", "server": "Server", "s": "Server", "workstation": "Workstation", "ws": "Workstation"}
_FORMS = {"sxm": "SXM", "nvlink": "SXM", "nvl": "NVL", "pcie": "PCIE", "pci": "PCIE"}  # "for NVLink": the maker's SXM
_TITANS = {"rtx": "RTX", "xp": "Xp", "black": "Black"}
_SEVERAL_FORMS = frozenset({"A100", "A800", "H100", "H800", "P100", "V100"})
_USUAL_FORM = {"H200": "SXM", "B200": "SXM", "B300": "SXM"}

_SMALL = (1, 2, 3, 4, 5, 6, 8, 10, 11, 12, 16, 18, 20, 22, 24, 32, 36, 40, 44, 48)
_SIZES = (*_SMALL, 64, 72, 80, 94, 96, 128, 141, 144, 180, 192, 256, 288)


class _Card(NamedTuple):
    model: str
    form: str | None = None
    """None where nobody said."""


@lru_cache(4096)  # a market's thousands of rows name a hundred cards
def canonical(name: str) -> str:
    """The name under which every market's rows of this card are found. Total, and idempotent."""
    card = _read(name)
    if card is None:
        return _tidy(name) if _squash(name) else UNKNOWN
    return card.model if card.form in (None, _usual_form(card.model)) else f"{card.model} {card.form}"


def canonical_v0(v0_name: str) -> tuple[str, float | None]:
    """(canonical name, GB of memory per GPU) of a key like `geforcertx4090-pcie-24gb`."""
    return canonical(v0_name), memory_gb(v0_name)


def memory_gb(name: str) -> float | None:
    """The memory that a name speaks of, in GB."""
    found = _MEMORY.search(name)
    return float(found[1]) or None if found else None


def nominal_gb(megabytes: float) -> float:
    """GB as on the box, from the MB that the driver reports: always a little less (24564 → 24, 46068 → 48)."""
    usable = megabytes / 1024
    return float(next((size for size in _SIZES if size * 0.93 <= usable <= size * 1.005), round(usable, 1)))


def same_gpu(wanted: str, name: str, vram_gb: float | None = None) -> bool:
    """Is the card of this canonical name what somebody meant by `wanted`?

    Case, spaces, hyphens and underscores do not matter. A bare model means any of its forms (`H100`: SXM, PCIE,
    NVL); a memory size in the wish (`A100 80GB`) must be met, so it matches nothing whose memory is not known.
    """
    size = memory_gb(wanted)
    if size is not None and (vram_gb is None or not 0.93 <= vram_gb / size <= 1.07):
        return False
    wish, card = _read(wanted), _read(name)
    if wish is None or card is None:
        return wish is card and _squash(wanted) == _squash(name) != ""
    return wish.model == card.model and wish.form in (None, card.form or _usual_form(card.model))


def _usual_form(model: str) -> str | None:
    """The form that goes without saying."""
    several = model in _SEVERAL_FORMS or model.startswith("RTX PRO")
    return None if several else _USUAL_FORM.get(model, "PCIE")


def _tidy(name: str) -> str:
    return " ".join(printable(name[: 4 * _LONGEST]).replace("_", " ").split())[:_LONGEST].strip()


def _squash(name: str) -> str:
    return _SEPARATORS.sub("", _MEMORY.sub(" ", _tidy(name)).lower())


def _read(name: str) -> _Card | None:
    key = _VENDOR.sub("", _squash(name))
    if found := _GEFORCE.fullmatch(key):
        return _geforce(found["line"], found["number"].upper(), set(_MARK.findall(found["marks"])))
    if found := _QUADRO.fullmatch(key):
        return _Card(f"Quadro {found['model'].upper()}")
    if found := _TITAN.fullmatch(key):
        kind = found["kind"] or ""
        return _Card(_spoken("GTX TITAN" if found["gtx"] else "Titan", _TITANS.get(kind, kind.upper())))
    if found := _RADEON.fullmatch(key):
        return _Card(_spoken("RX", found["number"], (found["kind"] or "").upper()))
    if found := _MINING.fullmatch(key):
        return _Card(f"CMP {found['kind'].upper()}")
    if found := _DATACENTRE.fullmatch(key):
        return _Card(found["model"].upper(), _FORMS.get(found["form"]))
    return None


def _geforce(line: str, number: str, marks: set[str]) -> _Card:
    if line == "rtxpro":
        return _Card(f"RTX PRO {number}", next((form for mark, form in _PRO_FORMS.items() if mark in marks), None))
    bare_gtx = not line and number[0] == "1"  # "1080 Ti": the tens were GTX, everything since is RTX
    maker = _LINES.get(line, "GTX" if bare_gtx else "RTX")
    return _Card(_spoken(maker, number, *dict.fromkeys(word for mark, word in _MARKS.items() if mark in marks)))


def _spoken(*words: str) -> str:
    return " ".join(filter(None, words))
