"""A sweep as a command of its own.

`python -m tests.helpers.sweeping '{"directory": ..., "trials": ...}'`.

The arguments are the folder and those of `search_wine`. What goes wrong ends as it does on the
command line.
"""

import json
import sys

from pocketzoo.process import run_guarded


def sweep() -> None:
    from tests.helpers.searching import search_wine
    from zoo.backends import do_without_tensorflow

    do_without_tensorflow()  # as on a machine that has none: Keras imports it only to seed it
    arguments = json.loads(sys.argv[1])
    search_wine(arguments.pop("directory"), arguments)
    print("finished", flush=True)


if __name__ == "__main__":
    run_guarded(sweep)
