"""Another project's SNS in a process of its own, and a webhook on loopback that it calls over real https."""

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local.children import HOST, free_ports
from local.drill.stack import wait_until
from tests.simulators.venvs import environment

REGION = "eu-west-1"


class Webhook:
    """What was posted, as it came; `confirmations` and `notifications` by SNS's own header."""

    def __init__(self, folder: Path) -> None:
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.certificate, key = _own_certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        posts = self.posts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                posts.append((str(self.headers["x-amz-sns-message-type"]), {"path": self.path, **body}))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"https://{HOST}:{self._server.server_address[1]}{path}"

    def posted(self, path: str, kind: str) -> list[dict[str, Any]]:
        found = [body for told, body in self.posts if told == kind and body["path"] == path]
        return [{name: value for name, value in body.items() if name != "path"} for body in found]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def running_sns(folder: Path, trusted: Path) -> Iterator[Any]:
    """A client of it; it trusts this certificate alone. Skips the test where it cannot be installed."""
    python = environment("ministack") / "bin" / "python"
    (port,) = free_ports(1)
    environ = {
        "GATEWAY_PORT": str(port), "BIND_HOST": HOST, "MINISTACK_HOST": HOST, "SERVICES": "sns", "HOME": str(folder),
        "MINISTACK_REGION": REGION, "SSL_CERT_FILE": str(trusted), "S3_DATA_DIR": str(folder / "s3"),
    }  # fmt: skip
    with (folder / "sns.log").open("wb") as log:
        process = subprocess.Popen(
            [str(python), "-m", "ministack"], cwd=folder, env=environ, stdout=log, stderr=subprocess.STDOUT
        )
    client: Any = boto3.client(
        "sns", REGION, endpoint_url=f"http://{HOST}:{port}",
        aws_access_key_id="nobody", aws_secret_access_key="nothing",
        config=Config(retries={"max_attempts": 0}, proxies={}),
    )  # fmt: skip
    try:
        wait_until(lambda: _answers(client), 60, "the topic's server is up")
        yield client
    finally:
        process.terminate()
        process.wait(20)


def _answers(client: Any) -> bool:
    try:
        client.list_topics()
    except (BotoCoreError, ClientError):
        return False
    return True


def _own_certificate(folder: Path) -> tuple[Path, Path]:
    """(certificate, key) for the loopback address, good for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    written = folder / "webhook.pem", folder / "webhook.key"
    written[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    written[1].write_bytes(key.private_bytes(*form))
    return written
