"""An acknowledged write outlives the engine, even when that is killed in the middle of many."""

from functools import partial
from itertools import count
from pathlib import Path
from threading import Semaphore, Thread

from chalicelib.domain.errors import StoreDown
from chalicelib.domain.session import Session
from chalicelib.store import Store, open_store
from chalicelib.store.table import Table
from local.engine import start_engine
from tests.contracts.store import ending, known, opened
from tests.store.conftest import SETTINGS

WRITERS = 4
WRITES = 120  # acknowledged before the kill; more follow until it strikes


def test_no_acknowledged_write_is_lost_to_a_kill(engine_binary: Path, tmp_path: Path) -> None:
    data = tmp_path / "state.db"
    engine = start_engine(engine_binary, data)
    acknowledged: list[Session] = []
    enough = Semaphore(0)

    def write(store: Store, first: int) -> None:
        for number in count(first, WRITERS):
            try:
                session = opened(store, number)
                acknowledged.append(ending(store, session) if number % 2 else session)
            except StoreDown:
                return
            finally:
                enough.release()

    try:
        store = open_store(SETTINGS, Table(SETTINGS.table, engine.url))
        store.table.create()
        known(store, max_sessions=10**6, max_price_per_hour=10**12)
        writers = [Thread(target=partial(write, store, number)) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        for _ in range(WRITES):
            enough.acquire()
        engine.process.kill()
        for writer in writers:
            writer.join()
    finally:
        engine.stop()

    again = start_engine(engine_binary, data)
    try:
        store = open_store(SETTINGS, Table(SETTINGS.table, again.url))
        found = {session.id: session for session in store.sessions.live()}
        consumer = store.access.consumer("c-ada")
    finally:
        again.stop()
    assert len(acknowledged) >= WRITES - 2 * WRITERS
    # What was under way may be there in its next state, or new; what was acknowledged is there at least.
    assert all(found[session.id].version >= session.version for session in acknowledged)
    assert len(found) <= len(acknowledged) + WRITERS
    assert consumer is not None
    assert consumer.sessions == len(found)
