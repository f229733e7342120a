"""A private SLURM of one node and two pretended GPUs: own ports, own keys, own state, nothing left behind."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "sinfo")
SUPERVISE = Path(__file__).with_name("supervise.py")
NODE = "node1"
PATIENCE = 60.0

# CPUs are pretended too, so that concurrent jobs do not depend on the machine. A credential that expires soon lets a
# job whose node was lost start again after seconds instead of two minutes. Jobs are scheduled when they are submitted,
# not up to three seconds later.
SLURM_CONF = """
ClusterName=keepfaith
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
GresTypes=gpu
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
SlurmdTimeout=300
MinJobAge=3600
DefMemPerCPU=500
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={node_port} CPUs=8 RealMemory=64000 Gres=gpu:2
PartitionName=cpu Nodes={node} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={node} MaxTime=INFINITE State=UP
"""

# SLURM wants devices; these two exist everywhere.
GRES_CONF = """
NodeName={node} Name=gpu File={folder}/gpu0
NodeName={node} Name=gpu File={folder}/gpu1
"""
DEVICES = {"gpu0": "/dev/null", "gpu1": "/dev/zero"}

# The plugin starts srun without SLURM_CONF, so that it would look for a configuration of the whole machine.
SRUN = """#!/bin/sh
SLURM_CONF={folder}/slurm.conf exec {srun} "$@"
"""


def why_not() -> str | None:
    """Why no private SLURM can be started here; None where it can."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=search_path()) is None]
    if missing:
        return (
            f"SLURM is not installed: no {missing[0]} (Debian: slurmctld slurmd slurm-client munge)"
        )
    if os.geteuid() != 0:
        return "slurmd runs jobs as their users, which takes root"
    return None


def search_path() -> str:
    """Daemons lie in sbin, which is not on everybody's path."""
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
    return port


def wait_for(what: str, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until `condition()` is true.

    Raises:
        TimeoutError: it was not within `seconds`.
    """
    give_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError(what)
        time.sleep(0.1)


@dataclass
class Cluster:
    """A running private SLURM."""

    folder: Path
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to speak to this SLURM and to no other."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SNAKEMAKE", "SLURM", "SBATCH", "SRUN", "CUDA"))
        }
        return {
            **kept,
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{search_path()}",
            "SLURM_CONF": str(self.folder / "slurm.conf"),
        }

    def run(self, *command: str) -> str:
        """Output of one of SLURM's commands."""
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True
        ).stdout

    def start(self, *command: str) -> None:
        """Start a daemon in the foreground, with all that it will start under one supervisor."""
        name = command[0]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.daemons[name] = subprocess.Popen(
                [sys.executable, str(SUPERVISE), *command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def end(self, name: str) -> None:
        """Kill a daemon and all that descends from it; jobs too, where it is slurmd."""
        daemon = self.daemons.pop(name)
        daemon.terminate()
        daemon.wait(timeout=PATIENCE)

    def start_node(self) -> None:
        self.start("slurmd", "-D", "-N", NODE)

    def lose_node(self) -> None:
        """As when the power goes: slurmd and its jobs are gone, and the controller learns of it."""
        self.end("slurmd")
        self.run("scontrol", "update", f"NodeName={NODE}", "State=DOWN", "Reason=test")

    def return_node(self) -> None:
        self.start_node()
        self.run("scontrol", "update", f"NodeName={NODE}", "State=RESUME")
        wait_for("the node to return", lambda: self.node_state() in ("idle", "mixed"))

    def node_state(self) -> str:
        return self.run("sinfo", "--noheader", "--partition=cpu", "--format=%T").strip()

    def jobs(self) -> list[dict[str, str]]:
        """All jobs that the controller remembers, with the fields of `scontrol show job`."""
        lines = self.run("scontrol", "show", "job", "--oneliner").splitlines()
        return [
            dict(word.split("=", 1) for word in line.split() if "=" in word)
            for line in lines
            if line.startswith("JobId=")
        ]

    def logs(self) -> str:
        return "\n".join(
            f"== {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in sorted(self.folder.glob("*.log"))
        )


def configure(folder: Path) -> None:
    for name in ("bin", "munge", "state", "spool"):
        (folder / name).mkdir(mode=0o700)
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o400)
    for name, device in DEVICES.items():
        (folder / name).symlink_to(device)
    values = {
        "folder": folder,
        "node": NODE,
        "host": socket.gethostname().split(".")[0],
        "controller_port": free_port(),
        "node_port": free_port(),
    }
    (folder / "slurm.conf").write_text(SLURM_CONF.format(**values), encoding="utf-8")
    (folder / "gres.conf").write_text(GRES_CONF.format(**values), encoding="utf-8")
    srun = folder / "bin" / "srun"
    srun.write_text(
        SRUN.format(folder=folder, srun=shutil.which("srun", path=search_path())), encoding="utf-8"
    )
    srun.chmod(0o755)


@contextlib.contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """Start a SLURM whose files lie in `folder`; end it, with its jobs, whatever happens."""
    configure(folder)
    cluster = Cluster(folder)
    munge = folder / "munge"
    try:
        cluster.start(
            "munged",
            "--foreground",
            "--force",
            f"--key-file={folder / 'munge.key'}",
            f"--socket={munge / 'socket'}",
            f"--pid-file={munge / 'pid'}",
            f"--seed-file={munge / 'seed'}",
        )
        wait_for("munged", (munge / "socket").exists)
        cluster.start("slurmctld", "-D")
        cluster.start_node()
        wait_for("slurmctld", lambda: is_up(cluster))
        wait_for("the node", lambda: cluster.node_state() == "idle")
        yield cluster
    except TimeoutError as error:
        raise TimeoutError(f"waited for {error}\n{cluster.logs()}") from error
    finally:
        for name in reversed(list(cluster.daemons)):
            cluster.end(name)


def is_up(cluster: Cluster) -> bool:
    return (
        subprocess.run(
            ["scontrol", "ping"], env=cluster.environment, capture_output=True, check=False
        ).returncode
        == 0
    )
