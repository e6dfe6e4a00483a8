"""Notices against a real mail server on this machine, and against servers that break off at every step."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connector import registry
from connector.adapters.smtp.message import message
from connector.adapters.smtp.settings import SmtpSettings
from connector.adapters.smtp.wire import SmtpWire
from connector.domain import AddNote, Change, EffectClass, Notify, Receipt, WriteBack
from connector.errors import AuthError, LeaseLostError, OutcomeUnknownError, RejectedError, UnavailableError
from connector.ports import ChangeSink, Context

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NOTICE = Notify(subject="NPS 3 of 10", text="Tickets take days.\n.\nReally.", to=("team@example.com",))


def write_back(change: Change = NOTICE, key: str = "nps-k7m2q4") -> WriteBack:
    return WriteBack(
        key=key, connection="mail", change=change, response_key="r1", revision=1, rule_id="tell", action_id="notify",
        not_before=NOW,
    )  # fmt: skip


class Inbox:
    """What the server took, and how it answers each recipient."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.answers: dict[str, str] = {}
        self.at_data = "250 OK"

    async def handle_RCPT(  # noqa: N802  the server library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        if self.at_data.startswith("250"):
            self.mails.append((list(envelope.rcpt_tos), message_from_bytes(content, policy=policy.default)))
        return self.at_data


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def server() -> Iterator[Callable[..., tuple[Inbox, int]]]:
    running: list[Controller] = []

    def started(**options: Any) -> tuple[Inbox, int]:
        inbox = Inbox()
        controller = Controller(inbox, hostname="127.0.0.1", port=_free_port(), **options)
        controller.start()
        running.append(controller)
        return inbox, controller.port

    yield started
    for controller in running:
        controller.stop()


def _sink(port: int, guard: Callable[[], None] = lambda: None, **settings: Any) -> ChangeSink:
    written = {"host": "127.0.0.1", "port": port, "from": "NPS Müller <nps@example.com>", **settings}
    parsed = SmtpSettings.model_validate(written)
    context = Context(connection="mail", wire=SmtpWire(parsed, guard, timeout=2), now=lambda: NOW, sleep=lambda _: None)
    sink = registry.spec("smtp").open(parsed, context).sink
    assert sink is not None
    return sink


def test_a_notice_arrives(server: Callable[..., tuple[Inbox, int]]) -> None:
    inbox, port = server()
    change = Notify(subject="NPS 3 of 10 – Ann", text=NOTICE.text, to=("team@example.com", "Bob <bob@example.org>"))
    (outcome,) = _sink(port).apply([write_back(change)])
    assert outcome.result == Receipt(key="nps-k7m2q4", record_id="<nps-k7m2q4@example.com>", record_type="mail")
    ((to, mail),) = inbox.mails
    assert to == ["team@example.com", "bob@example.org"]
    assert mail["Subject"] == "NPS 3 of 10 – Ann"
    assert mail["From"] == "NPS Müller <nps@example.com>"
    assert mail["To"] == "team@example.com, Bob <bob@example.org>"
    assert mail["Message-ID"] == "<nps-k7m2q4@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == NOW
    assert mail.get_content().splitlines() == ["Tickets take days.", ".", "Really."]
    assert mail.get_content_type() == "text/plain"


def test_text_from_outside_adds_no_header_and_no_recipient(server: Callable[..., tuple[Inbox, int]]) -> None:
    inbox, port = server()
    hostile = "x\r\nBcc: evil@example.net\r\n\r\nbody\x00\u2028 \ud800"
    (outcome,) = _sink(port).apply([write_back(Notify(subject=hostile, text=hostile, to=("team@example.com",)))])
    assert isinstance(outcome.result, Receipt)
    ((to, mail),) = inbox.mails
    assert to == ["team@example.com"]
    assert mail["Bcc"] is None
    assert mail["Subject"].startswith("x Bcc: evil@example.net body")


@given(subject=st.text(max_size=400), text=st.text(max_size=400))
def test_any_text_makes_one_mail_with_our_headers_only(subject: str, text: str) -> None:
    body, _ = message(
        Notify(subject=subject, text=text, to=("a@example.com",)), key="k", sender="b@example.com", now=NOW
    )
    assert body.isascii()
    assert b"\n" not in body.replace(b"\r\n", b"")
    mail = message_from_bytes(body, policy=policy.default)
    assert set(mail.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version",
        "Content-Type", "Content-Transfer-Encoding",
    }  # fmt: skip
    assert not mail.defects
    assert not mail.is_multipart()


@pytest.mark.parametrize(
    "to", ["nobody", "a@example.com, b@example.com", "a@example.com\nBcc: b@example.com", "", "@", "a@"]
)
def test_what_is_no_address_is_rejected(to: str) -> None:
    (outcome,) = _sink(1).apply([write_back(Notify(subject="x", text="x", to=(to,)))])
    assert isinstance(outcome.result, RejectedError)


def test_nobody_and_other_changes_are_rejected() -> None:
    note = AddNote(on="contact", contact_id="42", text="x")
    first, second = _sink(1).apply([write_back(note), write_back(Notify(subject="x", text="x"))])
    assert isinstance(first.result, RejectedError)
    assert isinstance(second.result, RejectedError)


def test_one_refused_recipient_does_not_keep_the_others_from_it(server: Callable[..., tuple[Inbox, int]]) -> None:
    inbox, port = server()
    inbox.answers["gone@example.com"] = "550 no such user"
    change = Notify(subject="x", text="x", to=("gone@example.com", "team@example.com"))
    (outcome,) = _sink(port).apply([write_back(change)])
    assert isinstance(outcome.result, Receipt)
    assert [to for to, _ in inbox.mails] == [["team@example.com"]]


def test_all_refused_for_good_is_rejected_with_the_servers_words(server: Callable[..., tuple[Inbox, int]]) -> None:
    inbox, port = server()
    inbox.answers["team@example.com"] = "550 no such user"
    (outcome,) = _sink(port).apply([write_back()])
    assert isinstance(outcome.result, RejectedError)
    assert str(outcome.result) == "the mail server refuses: 550 no such user"
    assert inbox.mails == []


def test_refused_for_now_is_left_and_the_rest_is_sent(server: Callable[..., tuple[Inbox, int]]) -> None:
    inbox, port = server()
    inbox.answers["grey@example.com"] = "451 try again"
    grey = write_back(Notify(subject="x", text="x", to=("grey@example.com",)), "a")
    outcomes = _sink(port).apply([grey, write_back(key="b")])
    assert next(outcomes).key == "b"
    with pytest.raises(UnavailableError, match="451 try again"):
        next(outcomes)
    assert len(inbox.mails) == 1


def test_refused_after_it_was_read(server: Callable[..., tuple[Inbox, int]]) -> None:
    inbox, port = server()
    inbox.at_data = "554 looks like spam"
    (outcome,) = _sink(port).apply([write_back()])
    assert isinstance(outcome.result, RejectedError)
    inbox.at_data = "452 disk full"
    with pytest.raises(UnavailableError, match="452 disk full"):
        list(_sink(port).apply([write_back()]))


def _authenticated(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.password == b"hush-hush", handled=False)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # said of this server, not of us
def test_signing_in(server: Callable[..., tuple[Inbox, int]]) -> None:
    inbox, port = server(authenticator=_authenticated, auth_require_tls=False, auth_required=True)
    (outcome,) = _sink(port, username="nps", password="hush-hush").apply([write_back()])
    assert isinstance(outcome.result, Receipt)
    assert len(inbox.mails) == 1
    with pytest.raises(AuthError, match=r"refused username and password \(535\)") as caught:
        list(_sink(port, username="nps", password="wrong-hush").apply([write_back()]))
    assert "wrong-hush" not in str(caught.value)


def test_a_password_does_not_leave_unencrypted(
    server: Callable[..., tuple[Inbox, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, port = server(authenticator=_authenticated, auth_require_tls=False)
    monkeypatch.setattr("connector.adapters.smtp.wire._LOCAL", ())
    with pytest.raises(AuthError, match="offers no encryption; the password was not sent"):
        list(_sink(port, username="nps", password="hush-hush").apply([write_back()]))
    with pytest.raises(AuthError, match="offers no encryption, and starttls is always"):
        list(_sink(port, starttls="always").apply([write_back()]))
    (outcome,) = _sink(port, username="nps", password="hush-hush", starttls="never").apply([write_back()])
    assert isinstance(outcome.result, Receipt)


def test_a_lost_lease_stops_before_the_mail(server: Callable[..., tuple[Inbox, int]]) -> None:
    def guard() -> None:
        raise LeaseLostError("another process holds mail")

    inbox, port = server()
    with pytest.raises(LeaseLostError):
        list(_sink(port, guard).apply([write_back()]))
    assert inbox.mails == []


def test_nobody_listens() -> None:
    with pytest.raises(UnavailableError, match="cannot be reached"):
        list(_sink(_free_port()).apply([write_back()]))


SCRIPT = [b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"]


@pytest.fixture
def broken() -> Iterator[Callable[[int, bool], int]]:
    """A server that says the first `count` lines of SCRIPT and then closes, or falls silent."""
    threads: list[threading.Thread] = []
    sockets: list[socket.socket] = []
    done = threading.Event()

    def serve(listener: socket.socket, count: int, silent: bool) -> None:
        peer, _ = listener.accept()
        with peer:
            for line in SCRIPT[:count]:
                if line is not SCRIPT[0] and not peer.recv(65536):
                    return
                peer.sendall(line)
            if count:
                peer.recv(65536)
            if silent:
                done.wait(10)

    def started(count: int, silent: bool) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=serve, args=(listener, count, silent))
        thread.start()
        threads.append(thread)
        sockets.append(listener)
        port: int = listener.getsockname()[1]
        return port

    yield started
    done.set()
    for thread in threads:
        thread.join()
    for listener in sockets:
        listener.close()


@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("count", range(len(SCRIPT) + 1))
def test_a_server_that_breaks_off(broken: Callable[[int, bool], int], count: int, silent: bool) -> None:
    sink = _sink(broken(count, silent))
    if count == len(SCRIPT):
        (outcome,) = sink.apply([write_back()])
        assert isinstance(outcome.result, OutcomeUnknownError)
    else:
        with pytest.raises(UnavailableError):
            list(sink.apply([write_back()]))


@pytest.mark.parametrize(
    "wrong",
    [{"from": "nobody"}, {"from": "a@example.com\nBcc: b@example.com"}, {"port": 0}, {"host": ""}, {"username": "a"},
     {"password": "b"}, {"starttls": "maybe"}, {"host": "a b"}, {"tls": True}],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SmtpSettings.model_validate({"host": "mail.example.com", "from": "nps@example.com", **wrong})


def test_it_cannot_be_asked() -> None:
    sink = _sink(1)
    assert sink.effect_class("notify") is EffectClass.UNKEYED
    assert sink.find([write_back()]) == {}
    assert sink.grace() == 0
