"""Real TCP listeners that answer like SSH servers, all served by one thread."""

import contextlib
import random
import selectors
import socket
import threading
import time

BANNER = b"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.5\r\n"
# Below the ports that Linux hands to outgoing connections, so a listener finds its port free after a restart.
PORTS = range(20_000, 32_000)
IDLE_SECONDS = 10.0


class SshListeners:
    """Opens and closes banner-speaking ports on loopback; a hundred of them cost one thread and a socket each."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._listeners: dict[tuple[str, int], socket.socket] = {}
        self._guests: dict[socket.socket, float] = {}
        self._silent: set[tuple[str, int]] = set()
        self._bell, self._ear = socket.socketpair()
        self._selector.register(self._ear, selectors.EVENT_READ, None)
        self._stopping = False
        self._thread: threading.Thread | None = None

    def reserve(self) -> int:
        """A port nobody listens on at the moment."""
        taken = {port for _, port in self._listeners}
        while True:
            port = self._dice.choice(PORTS)
            if port not in taken:
                with socket.socket() as probe, contextlib.suppress(OSError):
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", port))
                    return port

    def open(self, port: int, host: str = "127.0.0.1", silent: bool = False) -> bool:
        """Listen there (again); `silent` accepts and never speaks. False when the port cannot be had."""
        with self._lock:
            if silent:
                self._silent.add((host, port))
            else:
                self._silent.discard((host, port))
            if (host, port) in self._listeners or self._stopping:
                return not self._stopping
            listener = socket.socket()
            try:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((host, port))
                listener.listen(64)
                listener.setblocking(False)
            except OSError:
                listener.close()
                return False
            self._listeners[host, port] = listener
            self._selector.register(listener, selectors.EVENT_READ, (host, port))
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="ssh-banners", daemon=True)
                self._thread.start()
        self._ring()
        return True

    def listens(self, port: int, host: str = "127.0.0.1") -> bool:
        """Whether we do: somebody else may answer at a port that is not ours."""
        with self._lock:
            return (host, port) in self._listeners

    def close(self, port: int, host: str = "127.0.0.1") -> None:
        """Stop answering there; connections that are open already end too."""
        with self._lock:
            listener = self._listeners.pop((host, port), None)
            if listener is None:
                return
            self._selector.unregister(listener)
            listener.close()
            for guest in [guest for guest in self._guests if _port(guest) == port]:
                self._dismiss(guest)
        self._ring()

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
        self._ring()
        if self._thread is not None:
            self._thread.join(timeout=5)
        with self._lock:
            for sock in [*self._listeners.values(), *self._guests, self._bell, self._ear]:
                sock.close()
            self._listeners.clear()
            self._guests.clear()
            self._selector.close()

    def _ring(self) -> None:
        with contextlib.suppress(OSError):
            self._bell.send(b".")

    def _serve(self) -> None:
        while not self._stopping:
            ready = self._selector.select(timeout=IDLE_SECONDS / 2)
            with self._lock:
                for key, _ in ready:
                    sock = key.fileobj
                    if not isinstance(sock, socket.socket) or sock.fileno() < 0:
                        continue
                    if sock is self._ear:
                        self._ear.recv(4096)
                    elif isinstance(key.data, tuple):
                        self._welcome(sock, key.data in self._silent)
                    else:
                        self._hear(sock)
                now = time.monotonic()
                for guest in [guest for guest, since in self._guests.items() if now - since > IDLE_SECONDS]:
                    self._dismiss(guest)

    def _welcome(self, listener: socket.socket, silent: bool) -> None:
        with contextlib.suppress(OSError):
            guest, _ = listener.accept()
            guest.setblocking(False)
            self._guests[guest] = time.monotonic()
            self._selector.register(guest, selectors.EVENT_READ, None)
            if not silent:
                guest.send(BANNER)

    def _hear(self, guest: socket.socket) -> None:
        try:
            heard = guest.recv(4096)
        except OSError:
            heard = b""
        if not heard:
            self._dismiss(guest)

    def _dismiss(self, guest: socket.socket) -> None:
        if self._guests.pop(guest, None) is not None:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(guest)
            guest.close()


def _port(guest: socket.socket) -> int:
    try:
        return int(guest.getsockname()[1])
    except OSError:
        return 0
