"""In place of a Python that is started for a script, a module or code: asks `job_server.py` and ends as it ends."""

# It is started for every job, so it imports little: pathlib would take longer than all that it does.
# ruff: noqa: PTH100, PTH109

import json
import os
import select
import socket
import sys

if __name__ == "__main__":
    option = sys.argv[1] in ("-m", "-c")
    assert option or not sys.argv[1].startswith("-"), sys.argv[1]
    named = sys.argv[1:3] if option else [os.path.abspath(sys.argv[1])]
    asked = {
        "named": named,
        "words": sys.argv[1 + len(named) :],
        "folder": os.getcwd(),
        "environment": dict(os.environ),
    }
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(os.environ["JOB_SERVER"])
        text = json.dumps(asked).encode() + b"\n"
        sent = socket.send_fds(server, [text], [0, 1, 2])
        server.sendall(text[sent:])
        # Where whoever asked was killed, the job ends when the connection does.
        parent = os.getppid()
        while not select.select([server], [], [], 1)[0]:
            if os.getppid() != parent:
                sys.exit(1)
        status = server.recv(64)
    # A job that a signal ended has a negative status, as the shell would not give it.
    sys.exit(int(status) % 256 if status else 1)
