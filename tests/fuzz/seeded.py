"""Are wrong rules noticed?  python -m tests.fuzz.seeded [examples=100] [part of a kind or name]

Every seeded bug is looked for in up to so many random examples, by every check there is.
"""

import sys
import time
from multiprocessing import Pool

from tests.seeded.bugs import BUGS, Catch

SOON = 10


def hunt(task: tuple[int, int]) -> tuple[int, Catch | None]:
    k, examples = task
    return k, BUGS[k].caught(examples)


def main(examples: int = 100, part: str = "") -> int:
    start = time.perf_counter()
    chosen = [k for k, bug in enumerate(BUGS) if part in f"{bug.kind} {bug.name}"]
    with Pool(2) as pool:
        found = dict(pool.imap_unordered(hunt, [(k, examples) for k in chosen]))
    for k in chosen:
        bug, catch = BUGS[k], found[k]
        seen = f"{catch.example:4} {catch.check:<9} {catch.said:.70}" if catch else "   — NOT CAUGHT"
        print(f"{bug.kind:<40.40} {bug.name:<55.55} {seen}")
    caught = [catch for catch in found.values() if catch]
    soon = sum(catch.example <= SOON for catch in caught)
    print(f"caught {len(caught)} of {len(chosen)}, {soon} of them within {SOON} examples; "
          f"{time.perf_counter() - start:.0f} s")  # fmt: skip
    return len(chosen) - len(caught)


if __name__ == "__main__":
    sys.exit(main(*(int(word) if word.isdigit() else word for word in sys.argv[1:])))
