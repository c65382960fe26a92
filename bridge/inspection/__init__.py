"""Looks at one plugin as a colleague would before it is used: its definitions, its code, what it does to captures."""
