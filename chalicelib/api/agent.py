"""The agents on the rented machines: what they report, what they are told, and the script they are."""

from chalicelib import node
from chalicelib.api import present
from chalicelib.api.calls import Answer, Call
from chalicelib.api.models import HeartbeatBody
from chalicelib.domain.instant import SECOND
from chalicelib.domain.pulse import Pulse
from chalicelib.usecases import beating


def heartbeat(call: Call[HeartbeatBody]) -> Answer:
    body = call.body
    pulse = Pulse(
        gpu_util=tuple(body.gpu_util),
        gpu_mem_used_mb=tuple(body.gpu_mem_used_mb),
        gpus=body.gpus,
        ssh_sessions=body.ssh_sessions,
        uptime_seconds=body.uptime_seconds,
        load=body.load,
        armed=body.timer == "armed",
        ends_at=None if body.ends_at is None else body.ends_at * SECOND,
        dying=body.dying,
    )
    told = beating.beat(call.ports, call.agent_of, body.beat, pulse)
    answer = {
        "deadline": present.time(told.deadline),
        "destroy": told.destroy,
        "lease": told.words,
        "proof": told.proof,
    }
    return Answer(200, answer)


def script(_: Call[None]) -> Answer:
    return Answer(200, node.script().encode(), {"Content-Type": "text/x-shellscript; charset=utf-8"})
