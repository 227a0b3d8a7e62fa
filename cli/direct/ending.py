"""How machines are ended by hand: asked again and again, and believed gone only by two clean looks at each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from chalicelib.domain.errors import ProviderError
from chalicelib.domain.instance import Absent
from chalicelib.domain.instant import SECOND, Instant, seconds
from cli.direct.markets import Direct
from cli.direct.survey import Machine

AGAIN_SECONDS = 30.0  # between two destroys of one machine


@dataclass(slots=True)
class Ending:
    """How it goes with one machine. `looks`: moments at which it was absent by GET and from a complete list."""

    machine: Machine
    asked: int = 0
    ask_again_at: Instant = 0
    trouble: str | None = None
    looks: list[Instant] = field(default_factory=list)
    gone: bool = False

    @property
    def apart(self) -> float:
        """Seconds between the two looks of the proof."""
        return (self.looks[-1] - self.looks[0]) / SECOND


def end(direct: Direct, chosen: Iterable[Machine], patience: float, tell: Callable[[str], None]) -> list[Ending]:
    """Ask for each machine's end, again and again, until it is proven gone or `patience` seconds have passed."""
    endings = [Ending(machine) for machine in chosen]
    policy, clock = direct.settings.policy, direct.clock
    until = clock.now() + seconds(patience)
    while left := [ending for ending in endings if not ending.gone]:
        for ending in left:
            if clock.now() >= ending.ask_again_at and not ending.looks:
                _ask(direct, ending)
        tell(f"{len(endings) - len(left)} of {len(endings)} proven gone")
        if clock.now() >= until:
            break
        clock.sleep(max(policy.destroy_look_seconds, policy.proof_spacing_seconds))
        for name in sorted({ending.machine.instance.provider for ending in left}):
            _look(direct, name, [ending for ending in left if ending.machine.instance.provider == name])
    return endings


def _ask(direct: Direct, ending: Ending) -> None:
    instance = ending.machine.instance
    ending.asked += 1
    ending.ask_again_at = direct.clock.now() + seconds(AGAIN_SECONDS)
    try:
        direct.markets[instance.provider].destroy(instance.id)
        ending.trouble = None
    except ProviderError as error:
        ending.trouble = str(error)


def _look(direct: Direct, name: str, endings: list[Ending]) -> None:
    """One look at each: absent by the provider's word and from a complete list, or not proven."""
    provider, spacing = direct.markets[name], seconds(direct.settings.policy.proof_spacing_seconds)
    at = direct.clock.now()
    try:
        listed = provider.list().ids()
        absent = [isinstance(provider.get(ending.machine.instance.id), Absent) for ending in endings]
    except ProviderError as error:
        for ending in endings:
            ending.trouble = str(error)
        return
    for ending, gone in zip(endings, absent, strict=True):
        if not gone or ending.machine.instance.id in listed:
            ending.looks.clear()
        elif not ending.looks or at - ending.looks[0] >= spacing:
            ending.looks.append(at)
            ending.gone = len(ending.looks) == 2
