"""One big capture on all cores: its conversations dealt out to several tsharks, their outputs merged into one."""
