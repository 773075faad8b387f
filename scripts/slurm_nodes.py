"""A real Slurm of two nodes on one machine, for proofs: the controller and two node daemons out of the distribution's packages.

Everything lies in one folder and ends with the `with` block; nothing of the system's own Slurm is touched. Memory and cores are what the
configuration says, not what the machine has, and no limit is held: `--mem` decides what runs beside what.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo", "scancel", "scontrol"]


def missing():
    """The programs that are not installed."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return [name for name in PROGRAMS if shutil.which(name, path=path) is None]


PORTS = threading.Lock()
given_ports = set()


def free_port(count):
    """The first of so many ports in a row that nobody listens on, and that no other cluster of this process was given."""
    with PORTS:
        base = next(base for base in range(17000 + os.getpid() % 2000, 30000, count) if base not in given_ports and are_free(base, count))
        given_ports.update(range(base - count, base + count))
        return base


def are_free(base, count):
    """Whether nobody listens on so many ports in a row."""
    try:
        for port in range(base, base + count):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        return True
    except OSError:
        return False


class Cluster:
    def __init__(self, folder, nodes=2, cpus=2, megabytes=4000, longest_array=1001):
        self.folder = pathlib.Path(folder)
        self.nodes = [f"node{number + 1}" for number in range(nodes)]
        self.cpus, self.megabytes, self.longest_array = cpus, megabytes, longest_array
        self.environment = dict(os.environ, SLURM_CONF=str(self.folder / "slurm.conf"))
        self.environment["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"

    # What clients say

    def ask(self, *command, check=True):
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    def queue(self):
        return json.loads(self.ask("squeue", "--states=all", "--json"))["jobs"]

    def is_quiet(self):
        return not self.ask("squeue", "--noheader", "--states=running,completing", check=False).strip()

    def states(self):
        lines = self.ask("sinfo", "--noheader", "--Node", "--format=%N %T", check=False).split("\n")
        return dict(line.split() for line in lines if line)

    def wait(self, seconds, what, holds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = holds()
            if value:
                return value
            time.sleep(0.1)
        raise RuntimeError(f"{what} did not happen within {seconds} s: {self.states()}\n{self.ask('squeue', check=False)}")

    # Daemons

    def __enter__(self):
        (self.folder / "state").mkdir(parents=True)
        self.folder.chmod(0o755)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        self.configure()
        try:
            self.start(
                "munged", "munged", "--force", f"--key-file={key}", f"--socket={self.folder}/munge.socket",
                f"--pid-file={self.folder}/munged.pid", f"--log-file={self.folder}/munged.log",
                f"--seed-file={self.folder}/munged.seed",
            )
            self.start("slurmctld", "slurmctld", "-f", f"{self.folder}/slurm.conf")
            for node in self.nodes:
                self.start_node(node)
            self.wait(60, "an idle cluster", lambda: list(self.states().values()) == ["idle"] * len(self.nodes))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # Tasks first, while somebody still ends them.
        if self.identity("slurmctld"):
            self.ask("scancel", f"--user={self.ask('id', '-un').strip()}", check=False)
        try:
            if self.identity("slurmctld"):
                self.wait(10, "the end of all jobs", self.is_quiet)
        except (RuntimeError, subprocess.TimeoutExpired):
            pass
        for name in self.nodes + ["slurmctld", "munged"]:
            self.end(name, signal.SIGTERM)

    def identity(self, name):
        try:
            number = int((self.folder / f"{name}.pid").read_text())
            os.kill(number, 0)
            return number
        except (OSError, ValueError):
            return None

    def start(self, name, *command):
        # A daemon keeps its standard streams: whoever reads ours would wait for it.
        with open(self.folder / "start.log", "ab") as log:
            subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True, timeout=60)
        self.wait_for_daemon(name)

    def wait_for_daemon(self, name):
        end = time.monotonic() + 20
        while self.identity(name) is None:
            if time.monotonic() > end:
                raise RuntimeError(f"{name} did not start: {(self.folder / 'start.log').read_text()[-1000:]}")
            time.sleep(0.05)

    def end(self, name, number):
        identity = self.identity(name)
        if identity is None:
            return
        os.kill(identity, number)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            stat = pathlib.Path(f"/proc/{identity}/stat")
            # A daemon whose parent does not wait for it stays as a zombie.
            if not stat.exists() or stat.read_text().rsplit(")", 1)[-1].split()[0] == "Z":
                break
            time.sleep(0.05)
        else:
            os.kill(identity, signal.SIGKILL)
        (self.folder / f"{name}.pid").unlink(missing_ok=True)

    def start_node(self, node):
        # What a killed daemon left would make the next job fail.
        shutil.rmtree(self.folder / f"{node}.spool", ignore_errors=True)
        self.start(node, "slurmd", "-N", node, "-f", f"{self.folder}/slurm.conf")

    def kill_node(self, node):
        """Ends a node as a power cut does: its daemon and all that it runs."""
        self.end(node, signal.SIGKILL)
        log = str(self.folder / f"{node}.log")
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if (process / "comm").read_text().strip() != "slurmstepd":
                    continue
                if log not in {os.readlink(handle) for handle in (process / "fd").iterdir()}:
                    continue
                for child in self.children(int(process.name)):
                    os.kill(child, signal.SIGKILL)
                os.kill(int(process.name), signal.SIGKILL)
            except OSError:
                continue

    @staticmethod
    def children(parent):
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if int((process / "stat").read_text().rsplit(")", 1)[-1].split()[1]) == parent:
                    found += [int(process.name)] + Cluster.children(int(process.name))
            except (OSError, ValueError):
                continue
        return found

    def configure(self):
        host, base = socket.gethostname().split(".")[0], free_port(len(self.nodes) + 1)
        nodes = "\n".join(
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={base + index + 1} CPUs={self.cpus} RealMemory={self.megabytes}"
            for index, node in enumerate(self.nodes)
        )
        (self.folder / "slurm.conf").write_text(
            f"""ClusterName=proof
# must be this machine's own name
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={base}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# a requeued job waits for cred_expire seconds, which are 120 otherwise
AuthInfo=socket={self.folder}/munge.socket,cred_expire=5
MailProg=/bin/true
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/%n.spool
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/%n.pid
SlurmctldLogFile={self.folder}/slurmctld.log
SlurmdLogFile={self.folder}/%n.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=500
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,bf_interval=2
MinJobAge=3600
MaxArraySize={self.longest_array}
JobRequeue=1
ReturnToService=2
SlurmdTimeout=5
KillWait=2
{nodes}
PartitionName=all Nodes={",".join(self.nodes)} Default=YES MaxTime=INFINITE State=UP
"""
        )
