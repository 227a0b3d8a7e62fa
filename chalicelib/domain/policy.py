"""Every number the service decides by, each with its reason. All can be overridden as SHOPPER_<NAME>."""

import msgspec


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Lengths of time in seconds, money in USD, the rest counts. Names are those of the environment, lower case."""

    # --- how long a machine may live
    hard_max_seconds: float = 12 * 3600.0  # a forgotten H100 costs $70 a day; nobody forgets for half a day only
    default_reservation_seconds: float = 3600.0  # long enough for a job, short enough for a mistake
    lease_least_seconds: float = 60.0  # leases are looked at once a minute: a shorter one could not be kept

    # --- launching
    provision_deadline_seconds: float = 20 * 60.0  # healthy hosts are up in 1 to 5 min; beyond 20 they rarely come
    create_in_flight_seconds: float = 150.0  # longest create (120 s) + slack: until then its caller may still answer
    ambiguous_close_seconds: float = 30 * 60.0  # a lost create was seen to surface minutes late; then it never does
    ambiguous_close_lists: int = 3  # and one lagging list must not decide alone
    max_attempts_default: int = 3  # listed-but-gone offers are normal: several of five tries may fail
    unsent_tries_max: int = 20  # offers found taken before any create was sent cost nothing but a question each
    boot_poll_seconds: float = 2.0  # least pause between two looks at a booting machine ...
    boot_poll_share: float = 0.1  # ... which else is this share of its age: nobody waits a tenth longer than needed ...
    boot_poll_max_seconds: float = 20.0  # ... up to this
    appear_seconds: float = 120.0  # a created machine may be missing from reads for a while
    stopped_grace_seconds: float = 60.0  # 'stopped' is passed through while a contract starts
    lost_create_look_seconds: float = 10.0  # how often to look for the machine of an unclear create; later each minute
    price_tolerance: float = 0.10  # a re-quote or a bill this much above the listed price is another deal
    step_lease_seconds: float = 60.0  # longest honest step of work; then another worker may take over
    sweep_seconds: float = 50.0  # a sweep begins no further step after this: the longest create fits into what is left
    step_retry_seconds: float = 5.0  # a provider that did not answer is asked again, doubling up to a minute
    ssh_poll_seconds: float = 2.0  # the provider says running: only our own knock at the door is left, which is free

    # --- ending
    destroy_look_seconds: float = 5.0  # a healthy destroy is visible within seconds
    destroy_backoff_seconds: float = 30.0  # then 1, 2, 4 … minutes
    destroy_backoff_max_seconds: float = 300.0  # for ever: an unkilled machine bills for ever too
    destroy_jitter: float = 0.2  # share of the pause; a provider back from an outage is not stormed
    destroy_block_creates_seconds: float = 3600.0  # a market that cannot end a machine gets no new one
    proof_spacing_seconds: float = 5.0  # between the two looks of an absence proof: outlasts ordinary list lag

    destroy_warn_failures: int = 3  # destroys of one machine before somebody is told
    destroy_page_seconds: float = 1800.0  # and told again, then each hour with the dollars

    # --- watching
    orphan_grace_seconds: float = 15 * 60.0  # by the tag: a create in flight, or a row not yet visible, is no orphan
    orphan_lists: int = 2  # consecutive complete lists that show it
    ghost_grace_seconds: float = 10 * 60.0  # a machine may vanish from lists for minutes and be alive
    ghost_lists: int = 3  # consecutive complete lists without it
    stopped_lists: int = 2  # a running machine seen stopped twice will not serve anybody, and bills
    brake_least: int = 3  # more candidates than this and than the share below in one pass look like our own mistake:
    brake_share: float = 0.2  # the rule freezes and a person is told
    reconcile_dry_run: int = 0  # 1: report what would be destroyed, destroy nothing
    janitor_grace_seconds: float = 15 * 60.0  # after the hard max: everybody else had their chance
    janitor_override_seconds: float = 24 * 3600.0  # longest life while the overrides cannot be read
    heartbeat_seconds: float = 60.0  # how often an agent reports: ten lost in a row are no coincidence
    heartbeat_timeout_seconds: float = 10 * 60.0  # silent for so long: unreachable
    heartbeat_lost_seconds: float = 30 * 60.0  # and for so long, with the provider saying that it is down: over
    idle_gpu_percent: float = 5.0  # a desktop or a loaded model at rest stays below
    agent_deadline_grace_seconds: float = 600.0  # a machine ends itself only after we had the time to end it
    agent_silence_seconds: float = 30 * 60.0  # cut off from us for so long, nobody looks after it: it ends itself
    cannot_check_seconds: float = 15 * 60.0  # no complete list for this long: no creates there, we would be blind

    # --- creates are refused for a while
    breaker_failures: int = 5  # in a row: the market is ill, not one host
    breaker_share: float = 0.5  # or this share of ...
    breaker_calls: int = 10  # ... at least so many creates ...
    breaker_window_seconds: float = 300.0  # ... within this time
    breaker_open_seconds: float = 60.0  # doubling up to:
    breaker_open_max_seconds: float = 300.0
    churn_failures: int = 3  # failed creates a consumer may cause (0: any number) within ...
    churn_window_seconds: float = 600.0  # ... this time: each one may bill a minimum somewhere
    machine_cooldown_seconds: float = 3600.0  # a host that failed to boot fails again

    # --- consumers, unless the operator says otherwise
    consumer_max_sessions: int = 3
    consumer_max_price_per_hour: float = 2.0  # USD, summed over live sessions
    consumer_max_subscriptions: int = 10  # each is a mail to a stranger, and one of the 200 filters a topic may have

    subscription_again_seconds: float = 600.0  # asked for again, an endpoint is not sent another mail before
    subscription_pending_seconds: float = 50 * 3600.0  # SNS forgets one that nobody confirms after two days

    # --- talking to providers
    http_connect_seconds: float = 3.0
    http_read_seconds: float = 10.0  # list, get, destroy
    http_create_seconds: float = 25.0
    tensordock_create_seconds: float = 120.0  # creates have run past 60 s there
    vastai_create_spacing_seconds: float = 5.0  # documented threshold
    vastai_call_spacing_seconds: float = 1.0  # documented threshold of the list
    vastai_search_spacing_factor: float = 6.0  # × call spacing: searches are allowed 10 a minute
    vastai_search_burst: int = 10  # so one sweep of the on-demand market is not slowed down
    tensordock_calls_per_minute: float = 60.0  # of the organisation's 100
    rate_wait_max_seconds: float = 8.0  # longer waits give the slot up and come back by the queue
    rate_wait_going_on_seconds: float = 30.0  # but a list half read is worth waiting for: it starts over otherwise

    # --- inventory
    inventory_ttl_seconds: float = 120.0  # older is marked stale: a third of the offers turn over in a day
    inventory_asked_seconds: float = 60.0  # refresh this often while somebody asks,
    inventory_limited_seconds: float = 300.0  # when the market limits us,
    inventory_idle_seconds: float = 900.0  # and when nobody asked lately
    inventory_spot_factor: float = (
        2.5  # × ttl between looks at spot offers: most of the pages, and searches are rationed
    )
    inventory_asked_window_seconds: float = (
        300.0  # "asked lately": somebody choosing an offer looks again within minutes
    )
    inventory_empty_seconds: float = 15.0  # while there is nothing at all to show: the first look failed or was cut off
    inventory_check_seconds: float = 2.0  # a process trusts its copy so long before it asks whether it still holds
    inventory_wake_seconds: float = 5.0  # a process that finds old data asks for a refresh no more often than this
    host_end_margin_seconds: float = 24 * 3600.0  # a host about to leave goes early; one in fifty offers is that close
    unattended_reliability: float = 0.9  # chosen by us, not by a person: hosts below it often fail to boot

    # --- keeping
    idempotency_seconds: float = 24 * 3600.0
    session_retention_seconds: float = 90 * 86400.0
    price_history_seconds: float = 30 * 86400.0  # a price is high or low by what it was in the last weeks
    cost_retention_seconds: float = 400 * 86400.0  # a report looks back a year; the totals stay for good

    # --- money
    accrue_lag_seconds: float = 120.0  # a look is written down within a minute: what is accrued is never taken back
    hold_margin_seconds: float = 900.0  # how long a destroy may take before somebody is paged twice
    low_balance_hours: float = 3.0  # of the present burn: time for a person to top up before everything stops
    invoice_days: float = 3.0  # ended sessions compared: a market may book late, and one night may be missed
    invoice_drift: float = 0.01  # share by which an invoice may differ before people are told


def overridden(policy: Policy, numbers: dict[str, float]) -> Policy:
    """`policy` with some of its numbers replaced; counts stay whole."""
    kinds = {field.name: field.type for field in msgspec.structs.fields(Policy)}
    return msgspec.structs.replace(policy, **{k: int(v) if kinds[k] is int else float(v) for k, v in numbers.items()})
