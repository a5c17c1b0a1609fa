"""The network faults' helper programs as far as they need no container: what they send, read, count and leave."""

import socket
import threading
import time

import pytest

from chaoslab.inside import connections, netfilter, traffic_control
from chaoslab.inside.netfilter import Rules

# --- what dns_failure and partition ask of the packet-rule helper


def test_words_are_joined_as_iptables_restore_reads_them() -> None:
    """It knows double quotes only: a pattern in single quotes would match nothing."""
    assert netfilter.joined(["--hex-string", "|0377656200|", "a b", ""]) == '--hex-string |0377656200| "a b" ""'


def test_a_connection_is_tried_and_named() -> None:
    """A listener answers, a closed port refuses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = list(server.getsockname())
        assert netfilter.dial([place], 1.0) == ["ok"]
    assert netfilter.dial([place], 1.0) == ["refused"]
    assert netfilter.dial([], 1.0) == []


def test_a_lookup_is_a_question_and_its_answer_s_code() -> None:
    """Found, not found, and silence."""
    codes = {b"\x02db": 0, b"\x04gone": 3}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            for _ in range(3):
                question, client = server.recvfrom(512)
                code = next((code for name, code in codes.items() if name in question), None)
                if code is not None:
                    server.sendto(question[:2] + bytes([0x81, 0x80 | code]) + question[4:], client)

        thread = threading.Thread(target=serve)
        thread.start()
        asking = netfilter.query(7, "db.lab.")
        assert asking == b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02db\x03lab\x00\x00\x01\x00\x01"
        found = ask_names(["db", "gone", "quiet"], server.getsockname()[1])
        thread.join(5)
    assert found == ["ok", "nxdomain", "timeout"]


def ask_names(names: list[str], port: int) -> list[str]:
    """Look names up at a port of this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(netfilter, "DNS_PORT", port)
        return netfilter.lookup(names, "127.0.0.1", 0.3)


QDISCS = '[{"kind":"netem","handle":"c4a0:","dev":"eth0","root":true},{"kind":"noqueue","handle":"0:","dev":"lo","root":true}]'


def test_a_netem_qdisc_of_ours_counts_as_a_rule_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a look at the lab finds it, and removing all of ours takes it off; a fault's own mark does not touch it."""
    told: list[list[str]] = []

    def run(argv: list[str], _text: str = "") -> str:
        told.append(argv)
        return QDISCS if argv[:2] == ["tc", "-j"] else ""

    monkeypatch.setattr(netfilter, "run", run)
    rules = Rules("chaoslab-look")
    assert rules.answer({"do": "marks", "prefix": "chaoslab-"})["marks"] == ["chaoslab-netem"]
    rules.answer({"do": "remove", "prefix": "chaoslab-run-T-1.1"})
    assert not any(argv[:3] == ["tc", "qdisc", "del"] for argv in told)
    rules.answer({"do": "remove", "prefix": "chaoslab-"})
    assert told[-1] == ["tc", "qdisc", "del", "dev", "eth0", "root", "handle", "c4a0:"]


# --- connections


TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0200000A:1F40 3200000A:8000 01 00000000:00000000 00:00000000 00000000     0        0 2
   2: 0200000A:1F40 3200000A:8001 08 00000000:00000000 00:00000000 00000000     0        0 3
   3: 0200000A:1F40 3300000A:8002 01 00000000:00000000 00:00000000 00000000     0        0 4
   4: 0200000A:1F41 3200000A:8003 01 00000000:00000000 00:00000000 00000000     0        0 5
   5: 0000000000000000FFFF00000200000A:1F40 0000000000000000FFFF00003200000A:8004 01 0:0 00:0 0 0 0 6
"""


def test_established_connections_of_one_peer_to_one_port_are_counted() -> None:
    """Neither listeners, other states, other peers nor other ports; IPv4 in IPv6 is the same."""
    assert connections.established(TCP, 8000, "10.0.0.50", range(65_536)) == 2
    assert connections.established(TCP, 8000, "10.0.0.50", {0x8004}) == 1
    assert connections.established("", 8000, "10.0.0.50", range(65_536)) == 0


def test_connections_are_held_opened_anew_and_closed() -> None:
    """As many as asked stand; what the other side ends comes back; closing leaves none."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held = connections.Connections()
        request = {"do": "open", "places": [list(server.getsockname())], "number": 5, "slow": True, "seconds": 5}
        answer = held.answer(request)
        assert (answer["open"], answer["source"]) == (5, "127.0.0.1")
        assert len(answer["ports"]) == 5  # type: ignore[arg-type]
        first, _ = server.accept()
        assert first.recv(100).startswith(b"GET / HTTP/1.1")
        first.close()
        deadline = time.monotonic() + 5
        while held.ended == 0 or len(held.open) < 5:
            assert time.monotonic() < deadline, "the connection that was ended did not come back within 5 s"
            held.turn(0.05)
        assert held.answer({"do": "close"})["closed"] == 5
        assert held.answer({"do": "count"})["open"] == 0
        held.selector.close()
    assert "error" in held.answer({"do": "dance"})


def test_refused_connections_are_counted_and_tried_again() -> None:
    """A service that is not there is asked again, not stormed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = list(server.getsockname())
    held = connections.Connections()
    answer = held.answer({"do": "open", "places": [place], "number": 2, "slow": False, "seconds": 0.1})
    assert answer["open"] == 0
    assert answer["refused"] == {"ECONNREFUSED": 2}
    assert len(held.again) == 2
    held.close()
    held.selector.close()


def test_more_connections_than_descriptors_are_refused_with_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The helper says so before anything is opened."""
    monkeypatch.setattr("resource.getrlimit", lambda _: (100, 1000))
    monkeypatch.setattr("resource.setrlimit", lambda *_: None)
    assert connections.allow_descriptors(968) == ""
    assert "need 1001 file descriptors, a container here may have 1000" in connections.allow_descriptors(969)


# --- netem


def test_an_echo_request_has_a_valid_checksum_and_its_answer_is_known() -> None:
    """The sum over the whole is zero (RFC 1071); damaged, foreign and other packets are no answers."""
    request = traffic_control.echo_request(7, 513)
    assert traffic_control.checksum(request) == 0
    reply = bytes([0x45]) + bytes(19) + b"\x00" + request[1:]
    assert traffic_control.answered(reply, 7) == 513
    assert traffic_control.answered(reply, 8) is None
    assert traffic_control.answered(reply[:-1] + b"X", 7) is None
    assert traffic_control.answered(bytes([0x45]) + bytes(19) + request, 7) is None


def test_one_netem_fault_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second one is refused and leaves the first one's qdisc on."""
    on: list[str] = []

    def run(argv: list[str]) -> str:
        if argv[:2] == ["tc", "-j"]:
            return (
                "["
                + ",".join(f'{{"root":true,"handle":"c4a0:","dev":"{one}","packets":3,"drops":1}}' for one in on)
                + "]"
            )
        on.append(argv[4]) if argv[2] == "add" else on.remove(argv[4])
        return ""

    monkeypatch.setattr(traffic_control, "run", run)
    monkeypatch.setattr(traffic_control, "interfaces", lambda: ["eth0", "eth1"])
    first, second, none = traffic_control.Qdisc(), traffic_control.Qdisc(), traffic_control.Echoes("", 0)
    assert traffic_control.answer(none, first, {"do": "put", "netem": ["loss", "5%"]})["ok"]
    assert (on, first.mine) == (["eth0", "eth1"], True)
    assert "another netem fault" in str(traffic_control.answer(none, second, {"do": "put", "netem": []})["error"])
    assert not second.mine
    assert traffic_control.answer(none, first, {"do": "read"}) == {"qdiscs": 2, "packets": 6, "drops": 2}
    assert traffic_control.answer(none, second, {"do": "remove"})["removed"] == 2
    assert on == []


def test_what_tc_refuses_leaves_nothing_half_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """All interfaces or none; tc's words are the answer."""
    on: list[str] = []

    def run(argv: list[str]) -> str:
        if argv[:2] == ["tc", "-j"]:
            return "[" + ",".join(f'{{"root":true,"handle":"c4a0:","dev":"{one}"}}' for one in on) + "]"
        if argv[2] == "add" and on:
            raise traffic_control.ToolError("tc exit 2: no")
        on.append(argv[4]) if argv[2] == "add" else on.remove(argv[4])
        return ""

    monkeypatch.setattr(traffic_control, "run", run)
    monkeypatch.setattr(traffic_control, "interfaces", lambda: ["eth0", "eth1"])
    qdisc, none = traffic_control.Qdisc(), traffic_control.Echoes("", 0)
    assert traffic_control.answer(none, qdisc, {"do": "put", "netem": []}) == {"error": "tc exit 2: no"}
    assert on == []
    assert traffic_control.answer(none, qdisc, {"do": "dance"}) == {"error": "unknown request 'dance'"}
