"""The script of a fake market: which calls fail or are lied to, and what was called."""

from dataclasses import dataclass
from typing import Literal

from chalicelib.domain.instant import Instant
from chalicelib.ports import Clock

Method = Literal["search", "quote", "create", "attach_key", "get", "list", "destroy", "balance"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came in. `subject`: the tag of a create, the id of the offer or machine, else empty."""

    at: Instant
    method: Method
    subject: str


@dataclass(slots=True, kw_only=True)
class Fault:
    """What happens to the next calls of a method; with no error the market answers well, and it is not so."""

    method: Method | Literal["*"]
    error: BaseException | None
    times: int | None
    subject: str | None
    with_effect: bool
    surfaces_after: float = 0.0
    machines: int = 1
    tag: str | None = None
    names_it: bool = False
    stops: bool = False


class Script:
    """Faults are used up in the order they were written, one per call."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.calls: list[Call] = []
        self._faults: list[Fault] = []

    def fail(
        self,
        method: Method | Literal["*"],
        error: BaseException,
        *,
        times: int | None = 1,
        subject: str | None = None,
        with_effect: bool = False,
        surfaces_after: float = 0.0,
        machines: int = 1,
        tag: str | None = None,
        names_it: bool = False,
    ) -> None:
        """The next `times` calls raise `error` (None: until `heal`), of every method for `*`, or of one subject alone.

        `with_effect`: a create makes its machine all the same (or several, or with another tag), to be seen only
        `surfaces_after` seconds later; a destroy destroys. `names_it`: a LaunchUncertain carries the machine's id.
        """
        self._faults.append(
            Fault(
                method=method,
                error=error,
                times=times,
                subject=subject,
                with_effect=with_effect,
                surfaces_after=surfaces_after,
                machines=machines,
                tag=tag,
                names_it=names_it,
            )
        )

    def lie(
        self,
        method: Literal["create", "get", "list", "destroy"],
        *,
        times: int | None = 1,
        subject: str | None = None,
        surfaces_after: float = 0.0,
        machines: int = 1,
        tag: str | None = None,
        stops: bool = False,
    ) -> None:
        """The next `times` calls answer well, and it is not so.

        A get says Absent; a list is complete and empty; a destroy leaves the machine alive (or only `stops` it);
        a create makes its machine late, with another tag, or several of them.
        """
        self._faults.append(
            Fault(
                method=method,
                error=None,
                times=times,
                subject=subject,
                with_effect=method == "create",
                surfaces_after=surfaces_after,
                machines=machines,
                tag=tag,
                stops=stops,
            )
        )

    def heal(self) -> None:
        """Forget what is left of the script."""
        self._faults.clear()

    def count(self, method: Method, subject: str | None = None) -> int:
        """How often it was called so far."""
        return sum(call.method == method and subject in (None, call.subject) for call in self.calls)

    def enter(self, method: Method, subject: str = "") -> Fault | None:
        """Note the call, and use up one turn of the first fault that fits it."""
        self.calls.append(Call(self.clock.now(), method, subject))
        for fault in self._faults:
            if fault.method in (method, "*") and fault.subject in (None, subject):
                if fault.times is not None:
                    fault.times -= 1
                    if not fault.times:
                        self._faults.remove(fault)
                return fault
        return None
