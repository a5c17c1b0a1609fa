"""Runs in a fresh network namespace and tries what faults need; prints one JSON object: ability -> empty, or why not."""

import json
import os
import signal
import subprocess


def tried(*argv: str) -> str:
    """Run a command; return nothing when it worked, else its words."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else (done.stderr.strip() or f"exit {done.returncode}")[:200]


def pidfd() -> str:
    """Open a pidfd on this very process and send it the null signal."""
    try:
        signal.pidfd_send_signal(os.pidfd_open(os.getpid()), 0)
    except (OSError, AttributeError) as error:
        return str(error)
    return ""


def cgroup() -> str:
    """Tell the cgroup version that containers see."""
    return "v2" if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else "v1"


def main() -> None:
    """Try everything once."""
    match = (
        "-m",
        "statistic",
        "--mode",
        "random",
        "--probability",
        "0.5",
        "-m",
        "comment",
        "--comment",
        "chaoslab-doctor",
    )
    found = {
        "netfilter": tried("iptables", "-A", "INPUT", *match, "-j", "DROP"),
        "netem": tried("tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"),
        "pidfd": pidfd(),
        "stress-ng": tried("stress-ng", "--version"),
        "prlimit": tried("prlimit", "--version"),
    }
    print(json.dumps({"abilities": found, "cgroup": cgroup()}), flush=True)


if __name__ == "__main__":
    main()
