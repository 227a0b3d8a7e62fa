"""What goes wrong with agents, beside the kinds in `faults`: drawn by dice of their own, so that no other dice move."""

AGENT_KINDS: dict[str, tuple[float, float]] = {
    # low, high; per machine
    "agent_never_starts": (0.05, 0.3),
    "agent_killed": (0.05, 0.3),  # by the tenant; a restart of the machine starts it again
    "agent_cut_from_us": (0.1, 0.5),
    "agent_cut_from_market": (0.1, 0.5),
    "agent_clock_wrong": (0.1, 0.5),  # by two hours, ahead or behind, from some moment on
    "agent_reboot": (0.1, 0.5),  # up to twice, for a minute to an hour
    "agent_gpu_unseen": (0.1, 0.5),  # stretches in which nvidia-smi tells nothing, or not of every GPU
    # per heartbeat
    "beat_lost": (0.02, 0.2),
    "beat_late": (0.01, 0.1),  # it arrives up to three minutes later, and nobody waits for its answer
    "beat_forged": (0.01, 0.1),  # the right session, a wrong secret
    "beat_foreign": (0.01, 0.1),  # the secret of another machine
    "beat_replayed": (0.01, 0.1),
    "answer_lost": (0.02, 0.2),
    "answer_forged": (0.01, 0.1),  # later deadlines and orders to end, not proven; or an answer heard before
    # per attempt of a machine to end itself
    "self_delete_fails": (0.05, 0.5),
    "self_delete_lies": (0.05, 0.3),  # "success", and it lives on
    # per seed: up to three stretches in which no heartbeat is taken and nobody watches
    "ears_shut": (0.2, 0.8),
}
