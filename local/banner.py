"""The first thing a person sees: where it runs, with what, and three commands to try."""

import shutil

import msgspec

from chalicelib.domain.lease import reachable
from chalicelib.settings import Settings


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What the service cannot know of the cloud around it."""

    state: str
    lasting: bool
    simulated: bool


def render(settings: Settings, scene: Scene, operator_key: str) -> str:
    """Lines for the terminal, ending with one."""
    url = f"http://127.0.0.1:{settings.port}"
    facts = {
        "Service": url,
        "Operator key": operator_key,
        "Markets": _markets(settings, scene),
        "State": scene.state if scene.lasting else f"!! {scene.state} !!",
        "Agents": _agents(settings),
        "Sweeps": f"each every {settings.tick_seconds:g} s",
        "Deployment": settings.deployment,
    }
    lines = [f"  {name + ':':<14}{value}" for name, value in facts.items()]
    rule = "─" * min(100, shutil.get_terminal_size().columns)
    return "\n".join(
        [
            "",
            rule,
            "  Cloud GPU Shopper is running",
            "",
            *lines,
            "",
            *_to_try(url, operator_key, scene.simulated),
            rule,
            "",
        ]
    )


def _agents(settings: Settings) -> str:
    """What rented machines can do for us, as far as they can reach us."""
    if reachable(settings.public_url):
        return f"report to {settings.public_url}"
    if settings.markets_are_near:
        return f"would report to {settings.public_url}; on real markets timer only, as they cannot (docs/agent.md)"
    return f"timer only: rented machines cannot reach {settings.public_url} (docs/agent.md shows how they could)"


def _markets(settings: Settings, scene: Scene) -> str:
    if scene.simulated:
        return "!! SIMULATED !! No provider key is set: nothing here is real, nothing costs money"
    known = {"vastai": settings.vastai, "tensordock": settings.tensordock}
    where = ", ".join(f"{name} at {access.url}" for name, access in known.items() if access)
    return f"{where}. With your key: what is rented here is paid for"


def _to_try(url: str, key: str, simulated: bool) -> list[str]:
    yes = " --yes" if simulated else ""  # with real money it had better ask
    cli = f"GPU_SHOPPER_URL={url} GPU_SHOPPER_KEY={key} .venv/bin/gpu-shopper"
    return [
        "  Try:",
        f"    curl -s -H 'Authorization: Bearer {key}' '{url}/inventory?limit=3'",
        f"    {cli} up --gpu 'RTX 4090' --max-price 1 --hours 1{yes}",
        f"    curl -s {url}/health        (or open {url}/ in a browser)",
        "",
        "  Ctrl-C stops all of it; the state stays.",
    ]
