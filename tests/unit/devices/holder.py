"""A job that holds GPUs for a while, and notices if anyone else holds one of them: for test_lease.py.

    python holder.py <folder of leases> <folder of holders> <GPUs> <seconds>

Exits with 3 where a device that it was given is in use.
"""

import os
import sys
import time
from pathlib import Path

from keepfaith.devices.lease import leased_gpus


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"


def main() -> int:
    leases, holders, count, seconds = (
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        *map(float, sys.argv[3:]),
    )
    with leased_gpus(int(count), leases) as devices:
        assert os.environ["CUDA_VISIBLE_DEVICES"] == ",".join(devices)
        mine = [holders / device for device in devices]
        for holder in mine:
            before = holder.read_text() if holder.exists() else ""
            if before and alive(int(before)):
                return 3
            holder.write_text(str(os.getpid()))
        print(" ".join(devices), flush=True)
        time.sleep(seconds)
        for holder in mine:
            if holder.read_text() != str(os.getpid()):
                return 3
            holder.write_text("")
    return 0


if __name__ == "__main__":
    sys.exit(main())
