"""The one create call of TensorDock: its body, and what the machine does on its first boot."""

import base64
import shlex
from collections.abc import Iterable, Mapping

from chalicelib import node
from chalicelib.domain.instance import SSH_PORT
from chalicelib.domain.lease import Lease
from chalicelib.domain.offer import disk_rented
from chalicelib.ports import LaunchOrder
from chalicelib.providers.tensordock_offers import DEDICATED

USER = "user"
_ENVIRONMENT = "/etc/profile.d/gpu-shopper.sh"
_FOLDER = "/opt/gpu-shopper"
_ONSTART = f"{_FOLDER}/onstart"
_LOG = "/var/log/gpu-shopper-onstart.log"
_UNIT = "/etc/systemd/system/gpu-shopper-agent.service"
_SERVICE = f"""[Unit]
Description=Ends this machine at the end of its lease
[Service]
ExecStart=/bin/sh {node.FOLDER}/agent.sh run
Restart=always
RestartSec=15
KillSignal=SIGKILL
[Install]
WantedBy=multi-user.target
"""


def create_body(order: LaunchOrder, image: str) -> dict[str, object]:
    """POST /instances for exactly this offer, in the shape it was priced with."""
    offer = order.offer
    location_id, _, v0_name = offer.provider_offer_id.partition(":")
    attributes: dict[str, object] = {
        "name": order.tag,
        "type": "virtualmachine",
        "image": image,
        "resources": {
            "vcpu_count": int(offer.cpu_cores or 0),
            "ram_gb": int(offer.ram_gb or 0),
            "storage_gb": disk_rented(offer, order.disk_gb),
            "gpus": {v0_name: {"count": offer.gpu_count}},
        },
        "location_id": location_id,
        "ssh_key": order.ssh_public_key.strip(),
        "cloud_init": {"runcmd": first_boot(order)},
    }
    if offer.network == DEDICATED:
        attributes["useDedicatedIp"] = True
    else:
        ports = dict.fromkeys((SSH_PORT, *order.ports))
        # 0: the host picks the outer port, as it does anyway whatever is asked for.
        attributes["port_forwards"] = [{"internal_port": port, "external_port": 0} for port in ports]
    return {"data": {"type": "virtualmachine", "attributes": attributes}}


def first_boot(order: LaunchOrder) -> list[str]:
    """Shell commands, run in order as root; one that fails does not keep the next from running.

    Whatever a consumer wrote travels as base64, so that no quoting on the way can change it. The key is installed
    here too, since some hosts ignore the one in the order.
    """
    commands = [
        *(_arm(order.agent) if order.agent is not None else ()),
        *_install_key("/root", "root", order.ssh_public_key),
        *_install_key(f"/home/{USER}", USER, order.ssh_public_key),
    ]
    if order.env:
        commands.append(_write(_ENVIRONMENT, _exports(order.env)))
    if order.onstart:
        commands += [
            f"mkdir -p {_FOLDER}",
            _write(_ONSTART, order.onstart),
            f"chmod 755 {_ONSTART}",
            # A login shell, for the environment above; detached, because a script may run for hours.
            f"HOME=/root setsid nohup bash -lc 'exec {_ONSTART}' >{_LOG} 2>&1 </dev/null &",
        ]
    return commands


def _arm(lease: Lease) -> Iterable[str]:
    """The agent as a service of its own: first boots run these commands, later ones would not."""
    told = "".join(f"{name}={shlex.quote(value)}\n" for name, value in node.environment(lease, "tensordock").items())
    return (
        f"mkdir -p {node.FOLDER}",
        f"chmod 700 {node.FOLDER}",
        f"echo {node.packed()} | base64 -d | gzip -dc > {node.FOLDER}/agent.sh",
        _write(f"{node.FOLDER}/agent.env", told),
        f"chmod 600 {node.FOLDER}/agent.env",
        _write(_UNIT, _SERVICE),
        f"systemctl daemon-reload && systemctl enable --now gpu-shopper-agent || sh {node.FOLDER}/agent.sh start",
    )


def _install_key(home: str, owner: str, key: str) -> Iterable[str]:
    folder = f"{home}/.ssh"
    return (
        f"mkdir -p {folder}",
        _write(f"{folder}/authorized_keys", f"\n{key.strip()}\n", append=True),
        f"chmod 700 {folder}",
        f"chmod 600 {folder}/authorized_keys",
        f"chown -R {owner}:{owner} {folder}",
    )


def _exports(env: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in env.items())


def _write(path: str, content: str, append: bool = False) -> str:
    encoded = base64.b64encode(content.encode()).decode()
    return f"echo {encoded} | base64 -d {'>>' if append else '>'} {path}"
