"""The deterministic simulation: the service's own code against everything that was ever seen to go wrong.

One seed is one world of 24 hours and 20 sessions. Real: usecases, sweeps, domain, the shared pace. In memory: the
store (held to the real engine by the contract suite), the queue, the topic. Every call of a port is a point at which
others run, and at which the caller may be killed: it is then never resumed, so that not even a `finally` runs.
Invariants are checked at the moment of the act; `watch`, `ledgers`, `due` and `hearing` hold them. In a tenth of the
seeds one market stands behind its real adapter and the real HTTP client: `wire` puts its truth into that market's
words. The agents on the machines are modelled in `agents` as `agent.sh` is written (tests/node runs the script
itself); what befalls them comes from dice of their own. An agent that ends its machine really ends it, and the service
has to notice and to prove it.

Left out, because nothing could be proven against it, or because it cannot happen:

- Lists and GETs that lie about the same machine at the same time. Each has its own stretches of time, at least six
  minutes apart: a market whose every answer is false for hours cannot be told from one that is right.
- Lists that lie about a machine which no row knows by id, for longer than ten minutes after it was made. The list is
  the only way to it; the window for late arrivals (30 min, three lists) outlasts ten minutes and not hours.
- A label that is wrong for ever on a machine whose id nobody has: nothing in the world tells whose it is. A wrong
  label of a create is put right within 20 minutes; a tenant renames only the machine that the row knows as the main.
- A machine that comes back while its absence is being proven: by the proof it was gone.
- More than two strays at a time: the brake then freezes their rule until a person looks, as it should. What it holds
  is not counted as late.
- Tenants that lie with their own token: it is their own machine that they would end. Strangers, who lack the secret,
  knock at every door, and heartbeats are lost, late, doubled and replayed.
- Two agents under one token, where a create made two machines, are told apart by nobody: what the twin says of its rest
  is not held against an end for idleness. Twins are destroyed as soon as they are seen.

What counts as late: the time from when a machine was due to the first destroy request that reached its market, less
the time in which the market was down or refused our key; for a machine without a row, which lists alone can find, less
one minute for each list that reconcile asked for and did not get whole.

I15, "at most 12 destroys per machine and hour", and I1, "again at most every five minutes", leave no room for the quick
first repeats (30 s, 1, 2, 4 min). Held here: 15 in the first hour of an end, 12 in each later one by the session's own
end, as the cap of five minutes is not spread; the janitor, which knows no table, comes on top with 5, and may repeat
what a busy market did not do. What was asked for by a process that died, or whose write was lost, before it was
written down may be asked for once more; so may what a doubled or delayed pass asks for.
"""
