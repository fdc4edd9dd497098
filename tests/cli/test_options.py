"""The options that commands share."""

import inspect
from dataclasses import fields

from pocketzoo.flat import flat
from pocketzoo.options import Training
from tuning import Search


def test_the_options_of_a_search_are_the_fields_of_search() -> None:
    seen: list[tuple[Training, Search]] = []

    def command(training: Training, search: Search) -> None:
        seen.append((training, search))

    flattened = flat(command)
    options = inspect.signature(flattened).parameters
    defaults = {name: option.default for name, option in options.items()}
    flattened(**defaults | {"seed": 3, "repeats": 5})  # one --seed, for both
    assert seen == [(Training(seed=3), Search(seed=3, repeats=5))]
    for field in fields(Search):
        (option,) = options[field.name].annotation.__metadata__
        assert option.help == field.metadata["help"] or field.name == "seed"
    assert options["storage"].annotation.__metadata__[0].envvar == "POCKETZOO_STORAGE"
