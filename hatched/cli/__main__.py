"""`python -m hatched.cli`."""

from hatched.cli import main

main()
