"""A Ray cluster of two machines of one core each, all of it on this one; files are filtered on it while something happens.

    python ray_cluster.py FILES OUTPUT EVENT

Prints one line of JSON: how many machines judged, and the report. It is a program of its own, since a process begins Ray once.
"""

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from hf_regional.filtering import filter_regional

SEEN = Path(tempfile.mkdtemp())  # a file for each worker that judged


def witness(kills: bool):
    """Know no row's place, but leave a mark of who was asked, and take a while, so that both machines get some."""

    def locate(row: dict[str, Any]) -> None:
        import ray

        if row["number"] % 500 == 1:
            time.sleep(0.2)
            (SEEN / f"{ray.get_runtime_context().get_node_id()}-{os.getpid()}").touch()
        if kills and row["number"] == 1001:
            os.kill(os.getpid(), 9)

    return locate


def happen(event: str, cluster: Any, machines: list[Any]) -> None:
    """Once two workers have begun, let it happen."""
    import psutil

    while len([*SEEN.iterdir()]) < 2:
        time.sleep(0.02)
    if event == "a worker is killed":
        psutil.Process(int(next(SEEN.iterdir()).name.rpartition("-")[2])).kill()
    elif event == "a machine goes away":
        cluster.remove_node(machines[0], allow_graceful=False)


def main(files: str, output: str, event: str) -> None:
    import ray  # here: without Ray this file must be readable all the same
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": 10**8, "include_dashboard": False})
    try:
        machines = [cluster.add_node(num_cpus=1, object_store_memory=10**8) for _ in range(2)]
        threading.Thread(target=happen, args=(event, cluster, machines), daemon=True).start()
        found = filter_regional(
            files, "SEA", output=output, engine="daft", runner="ray", address=cluster.address, locate=witness(event == "a row kills")
        )
        judged = {file.name.partition("-")[0] for file in SEEN.iterdir()}
        sys.stdout.write(json.dumps({"machines": len(judged), "report": found.report.as_dict()}) + "\n")
    finally:
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
