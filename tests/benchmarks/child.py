"""Each contender runs in a child process of its own, with one thread and with NumPy's BLAS choosing its own kernels.

OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE, where the environment sets them, slow NumPy's products and not torch's; the
children start without them.
"""

import json
import os
import subprocess
import sys

SET_ELSEWHERE = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def run(module, *arguments):
    """What `python -m module arguments…` prints as JSON on its last line."""
    environment = {k: v for k, v in os.environ.items() if k not in SET_ELSEWHERE}
    environment.update(dict.fromkeys(ONE_THREAD, "1"))
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])
