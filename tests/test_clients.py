import contextvars
import threading

import pytest

from vidtext.clients import UNKNOWN, client_of, current_client, working_for


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:c000:207", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::6", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_network(host: str, client: str) -> None:
    assert client_of({"type": "http", "client": (host, 50_000)}) == client


@pytest.mark.parametrize("client", [None, ("", 0), ("testclient", 50_000), ("192.0.2.7, 192.0.2.8", 0), ("1" * 300, 0)])
def test_requests_without_a_usable_address_are_one_client(client: tuple[str, int] | None) -> None:
    assert client_of({"type": "http", "client": client}) == UNKNOWN


def test_a_request_without_a_client_is_of_the_unknown_one() -> None:
    assert client_of({"type": "http"}) == UNKNOWN


def test_work_is_for_the_client_of_its_context() -> None:
    seen: list[str] = []
    with working_for("192.0.2.7"):
        context = contextvars.copy_context()
        with working_for("192.0.2.8"):
            assert current_client() == "192.0.2.8"
        assert current_client() == "192.0.2.7"
    assert current_client() == ""
    thread = threading.Thread(target=context.run, args=(lambda: seen.append(current_client()),))
    thread.start()
    thread.join()
    assert seen == ["192.0.2.7"]
