"""Before anything imports NumPy: one thread per process, since the tests run side by side on small arrays."""

import os

for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

from hypothesis import settings  # noqa: E402

settings.register_profile("tests", deadline=None)  # a slow machine is no wrong gradient
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "tests")
