"""What it means that the bytes are there: hooks, rules, verdicts, and the analyzers that reach them."""

if __name__ == "plugins":
    raise ImportError("import this package as labdissect.plugins: under the bare name it would be a second copy")
