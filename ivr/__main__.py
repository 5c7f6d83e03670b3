"""`python -m ivr`."""

from ivr.cli.main import main

main()
