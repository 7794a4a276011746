#!/usr/bin/env python3
"""Makes an adapter for each task given on the command line, and watches the daemon meanwhile.

    watch.py "match definitions of birds to their names" "route requests about travel bookings"
"""

import sys
import threading

import sglorad


def watch(client: sglorad.Client, ready: threading.Event) -> None:
    """Prints every change of a request until the client is closed."""
    try:
        for event in client.monitor(across_restarts=True):
            ready.set()
            if event.request is not None:
                print(f"  {event.request.label}: {event.request.state}")
    except sglorad.SgloradError as error:
        ready.set()
        if not isinstance(error, sglorad.Cancelled):
            print(f"  no more changes: {error}", file=sys.stderr)


def main() -> int:
    status = 0
    with sglorad.Client() as client:
        ready = threading.Event()
        watcher = threading.Thread(target=watch, args=(client, ready))
        watcher.start()
        ready.wait()
        for number, task in enumerate(sys.argv[1:], 1):
            try:
                # The key makes it safe to run the program again, and to restart the daemon meanwhile.
                adapter = client.request(task, label=f"task {number}", idempotency_key=f"watch: {task}")
                experts = ", ".join(f"{expert.name} {expert.weight:.0%}" for expert in adapter.guidance[:3])
                print(f"{task}: {adapter.id} ({experts})")
            except sglorad.Refused as refusal:
                print(f"{task}: refused; the nearest expert is {refusal.nearest}, at {refusal.proximity:.2f}")
                status = 2
            except sglorad.SgloradError as error:
                print(f"{task}: {error}", file=sys.stderr)
                return 1
    watcher.join()
    return status


if __name__ == "__main__":
    sys.exit(main())
