"""All offers at hand, kept in the orders people ask for, so that a question about thousands costs a few passes."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal, NamedTuple

from chalicelib.domain.money import Micros
from chalicelib.domain.offer import Offer, disk_rented, price_per_hour
from chalicelib.domain.scaling import can_have, scaled, split

Sort = Literal["price", "value", "reliability"]


class Key(NamedTuple):
    """Where an offer stands in its order."""

    unknown: int
    """0 where the measure is known, so that the others come last."""
    measure: float
    price: Micros
    """All-in per hour."""
    id: str


_SHELVES = 16  # orders kept: the usual few, and no more than some megabytes whatever is asked


class Shelf(NamedTuple):
    """Offers that have room for a disk, in one order, each with its place."""

    offers: list[Offer]
    keys: dict[str, Key]
    """By offer id."""
    cards: dict[tuple[str, float | None], list[int]]
    """Places in `offers` by (gpu, vram_gb): most questions are about a card or two of a hundred."""


class Book:
    """An unchanging set of offers; of two with one id the later counts."""

    def __init__(self, offers: Iterable[Offer]) -> None:
        self._by_id = {offer.id: offer for offer in offers}
        self._shelves: dict[tuple[object, ...], Shelf] = {}
        self._typical: dict[str, float] | None = None

    @property
    def offers(self) -> tuple[Offer, ...]:
        """As the markets list them: a row whose GPU count the buyer chooses is one offer of one GPU."""
        return tuple(self._by_id.values())

    def find(self, offer_id: str) -> Offer | None:
        """The offer with this id, a row scaled to several GPUs included."""
        offer = self._by_id.get(offer_id)
        if offer is not None:
            return offer
        row_id, count = split(offer_id)
        row = self._by_id.get(row_id)
        return scaled(row, count) if row is not None and can_have(row, count) else None

    def shelf(self, sort: Sort, disk_gb: int, gpu_count: int | None, min_gpus: int | None) -> Shelf:
        """Offers in the order `sort`, those too small for `disk_gb` left out.

        With `gpu_count` or `min_gpus` a row whose GPU count the buyer chooses is scaled to the fewest that satisfy
        both; without, it stands for one GPU.
        """
        name = (sort, disk_gb, gpu_count, min_gpus)
        shelf = self._shelves.get(name)
        if shelf is None:
            shelf = self._sorted(sort, disk_gb, self._counted(gpu_count, min_gpus))
            if len(self._shelves) >= _SHELVES:
                self._shelves.clear()
            self._shelves[name] = shelf
        return shelf

    def _counted(self, exact: int | None, least: int | None) -> Iterable[Offer]:
        rows = self._by_id.values()
        if exact is not None:
            if exact < (least or 0):
                return ()
            return [scaled(row, exact) for row in rows if can_have(row, exact)]
        if least is None:
            return rows
        return [
            row if row.gpu_count >= least else scaled(row, least)
            for row in rows
            if row.gpu_count >= least or can_have(row, least)
        ]

    def _sorted(self, sort: Sort, disk_gb: int, offers: Iterable[Offer]) -> Shelf:
        keys = {}
        placed = []
        for offer in offers:
            if offer.max_disk_gb is not None and disk_rented(offer, disk_gb) > offer.max_disk_gb:
                continue
            price = price_per_hour(offer, disk_gb)
            unknown, measure = self._measure(sort, offer, price)
            keys[offer.id] = Key(unknown, measure, price, offer.id)
            placed.append(offer)
        placed.sort(key=lambda offer: keys[offer.id])
        cards: dict[tuple[str, float | None], list[int]] = defaultdict(list)
        for place, offer in enumerate(placed):
            cards[offer.gpu, offer.vram_gb].append(place)
        return Shelf(placed, keys, dict(cards))

    def _measure(self, sort: Sort, offer: Offer, price: Micros) -> tuple[int, float]:
        if sort == "price":
            return 0, 0.0
        if sort == "reliability":
            return (1, 0.0) if offer.reliability is None else (0, -offer.reliability)
        performance = offer.tflops or self._typical_tflops(offer.gpu) * offer.gpu_count
        if performance > 0:
            return 0, price / performance
        memory = (offer.vram_gb or 0.0) * offer.gpu_count
        return (1, price / memory) if memory > 0 else (2, 0.0)

    def _typical_tflops(self, gpu: str) -> float:
        """What one GPU of this name does on the market where that is told: the median; 0 where nobody tells."""
        if self._typical is None:
            told: dict[str, list[float]] = {}
            for offer in self._by_id.values():
                if offer.tflops:
                    told.setdefault(offer.gpu, []).append(offer.tflops / offer.gpu_count)
            self._typical = {name: sorted(figures)[len(figures) // 2] for name, figures in told.items()}
        return self._typical.get(gpu, 0.0)
