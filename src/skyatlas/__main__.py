"""This file lets `python -m skyatlas` be the command."""

from skyatlas.cli import main

if __name__ == "__main__":
    main()
