#!/bin/sh
# Tests of the extra `cluster`, those of a Ray cluster and of S3 among them, in an environment laid over .venv: Daft holds pyarrow below 26
# and tqdm below 4.68 (and moto dateutil below 3), so that it cannot share the one in which everything else is tested. First: make setup.
#
#     sh scripts/test_cluster.sh [arguments for pytest]
set -eu
cd "$(dirname "$0")/.."
below=${VENV:-.venv}
over=${CLUSTER_VENV:-.venv-cluster}

"$below/bin/python" -m venv --clear "$over"
"$below/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
    > "$("$over/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/below.pth"
grep -vE '^(pyarrow|tqdm|python-dateutil)==' constraints.txt > "$over/constraints.txt"
"$over/bin/python" -m pip install --disable-pip-version-check --quiet --constraint "$over/constraints.txt" --editable '.[cluster]' 'moto[s3]>=5.2' flask flask-cors
"$over/bin/python" -m pytest -m 'slow or not slow' --durations=5 tests/filtering/test_daft_engine.py tests/filtering/test_storage.py "$@"
