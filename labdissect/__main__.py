"""`python -m labdissect`."""

from labdissect.bridge.cli import main

if __name__ == "__main__":
    main()
