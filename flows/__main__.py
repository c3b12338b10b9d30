"""`python -m flows` is `chargelake`."""

from flows.cli import main

if __name__ == "__main__":
    main()
