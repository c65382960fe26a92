"""The chat program itself: what one says, the other hears, and both logs agree with it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.examples.loaded import EXAMPLES, module

PEER = EXAMPLES / "labchat_peer.py"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def entries(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def test_a_chat_over_loopback(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log.jsonl"
    command = [sys.executable, str(PEER)]
    server = subprocess.Popen([*command, "serve", str(port), "--clients", "1", "--log", str(log)])
    try:
        for _ in range(100):
            said = subprocess.run(
                [*command, "join", "127.0.0.1", str(port), "李雷", "--log", str(log), "--piece", "3", "--pause", "0"],
                input="hello\n你好\n",
                capture_output=True,
                text=True,
                check=False,
            )
            if said.returncode == 0:
                break
            time.sleep(0.1)  # the server is not there yet
        assert server.wait(timeout=10) == 0
    finally:
        server.kill()
    said_by_client = [one for one in entries(log) if one["to"][1] == port]
    passed_on = [one for one in entries(log) if one["from"][1] == port]
    told = [(1, "李雷", ""), (2, "李雷", "hello"), (2, "李雷", "你好"), (3, "李雷", "")]
    for sent in (said_by_client, passed_on):
        assert [(one["kind"], one["name"], one["text"]) for one in sent] == told
    assert said.stdout.splitlines() == [str(one) for one in told]


@given(st.integers(0, 255), st.text(max_size=60), st.text())
def test_the_layer_reads_what_the_program_packs(kind: int, name: str, text: str) -> None:
    try:
        name.encode(), text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return
    peer, layer = module("labchat_peer"), module("labchat").LABCHAT
    packed = peer.packed(kind, name, text)
    assert layer.message_length(packed) == len(packed)
    read = layer.parse(packed)
    assert (read.kind, read.name, read.text) == peer.unpacked(packed) == (kind, name, text)
    assert layer.build(read) == packed
