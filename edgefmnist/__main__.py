"""``python -m edgefmnist`` is the console script."""

from edgefmnist.cli import main

if __name__ == "__main__":
    main()
