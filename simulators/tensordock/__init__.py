"""A fake TensorDock (API v2).

What differs from the real one, or had to be chosen where nobody recorded it:

- Everything is on this machine: the shared address is 127.0.0.1 and the outer port of 22 is a real listener; other
  forwards are numbers only. A dedicated address is a loopback one of its own with SSH on port 22, and where this
  process may not open that port the market has "no available public IPs".
- A create answers 200. Refusals of the market itself come as HTTP 200 with `{"status": 400, "error": ...}`.
- A start after a stop moves the forwarded ports. Stopped machines bill in full unless disassociated.
- At zero balance everything stops; 96 hours later it is deleted.
"""
