"""`python -m opinion_lab.cli`."""

from opinion_lab.cli import main

main()
