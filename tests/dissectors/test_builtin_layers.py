import subprocess
import sys
from pathlib import Path

from labdissect.dissectors import builtin_layers

ROOT = Path(__file__).parent.parent.parent


def test_every_file_is_found_and_no_name_is_there_twice() -> None:
    names = [layer.name for layer in builtin_layers()]
    assert {
        "frame",
        "eth",
        "vlan",
        "arp",
        "ip",
        "ipv6",
        "ipv6.hopopts",
        "tcp",
        "udp",
        "dns",
        "http",
        "tls",
        "dhcp",
    } <= set(names)
    assert len(names) == len(set(names))


def test_the_bare_name_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import dissectors"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "import labdissect.dissectors" in done.stderr
