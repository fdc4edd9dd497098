"""`python -m pocketzoo`."""

from pocketzoo.cli import main

main()
