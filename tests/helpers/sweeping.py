"""A sweep as a command of its own.

`python -m tests.helpers.sweeping '{"directory": ..., "trials": ...}'`.

The arguments are those of `tuning.search`, as JSON; `recipe` as its fields. What goes
wrong ends as it does on the command line.
"""

import json
import sys

from pocketzoo.process import run_guarded


def sweep() -> None:
    import tuning
    import zoo

    arguments = json.loads(sys.argv[1])
    recipe = tuning.Recipe(**arguments.pop("recipe", {}))
    tuning.search("mlp_tiny", zoo.load_data("wine"), recipe=recipe, **arguments)
    print("finished", flush=True)


if __name__ == "__main__":
    run_guarded(sweep)
