"""`python -m promptpack`: the command line without its installed script."""

from promptpack.cli import main

if __name__ == "__main__":
    main()
