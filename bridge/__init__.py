"""How packets come and go: readers, tshark, the loop, writers, the command line."""

if __name__ == "bridge":
    raise ImportError("import this package as labdissect.bridge: under the bare name it would be a second copy")
