"""Python in a process of its own: to be killed, or to be given a limit that ours must not have."""

import os
import subprocess
import sys
from pathlib import Path

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
FILES_OF_AT_MOST = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))\n"


def start(code: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def last_line(code: str, folder: Path) -> str:
    """What the process said last on stderr: the error that ended it, or nothing."""
    with start(code, folder) as process:
        _, message = process.communicate(timeout=120)
    return (message.splitlines() or [""])[-1]
