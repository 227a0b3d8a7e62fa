"""A fake Vast.ai.

What differs from the real one, or had to be chosen where nobody recorded it:

- Everything is on this machine: `public_ipaddr` and `ssh_host` are 127.0.0.1, and both the direct port
  (`ports["22/tcp"]`) and the proxy's `ssh_port` are the machine's one real listener. Other `-p` ports are numbers only.
- Renting any part of a host ends all its offers and issues those for the rest under new ids; giving back keeps the
  ids that stand. An id that was taken answers 410, one that never was 404.
- A bid below `min_bid` always leaves a contract that bills its disk, whatever `cancel_unavail` says.
- Destroying ends billing at once. At zero credit everything stops at that second; 48 hours later it is deleted.
- A machine's own key may GET and DELETE that machine and gets 403 for the rest; it dies with the machine.
- The stale list shows the container states of its time; the contract states are those of now.
"""
