from __future__ import annotations

from labdissect.testing import assert_verdict, run, udp
from tests.examples.loaded import EXAMPLES


def test_only_what_the_next_routers_will_drop() -> None:
    frames = [udp(b"probe", dport=33434, ttl=ttl) for ttl in (1, 4, 5, 64)]
    result = run(EXAMPLES / "low_ttl.py", frames)
    assert result.codes == {1: ["lab.low-ttl"], 2: ["lab.low-ttl"]}
    assert_verdict(result, 2, "lab.low-ttl", ttl=4)
