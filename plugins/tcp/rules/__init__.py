"""What is said of TCP: the rules, one file for each of the analyzers beside this folder."""
