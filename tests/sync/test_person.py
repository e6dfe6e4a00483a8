from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.sync.address import judge
from connector.sync.person import Known, KnownPerson, Linkable, PersonLink, link, person_id

from .builders import NOW

NOBODY = Known(by_address={}, by_contact={})


def of(contact_id: str, name: str, email: str, connection: str = "psa", others: Sequence[str] = ()) -> Linkable:
    return Linkable(connection, contact_id, name, judge(email), tuple(map(judge, others)))


def having(address: str, *people: tuple[str, str]) -> dict[str, dict[tuple[str, str], tuple[str, str]]]:
    """Stored contacts with the address, one for each person."""
    return {address: {("psa", f"of {person[0]}"): person for person in people}}


def one(contact: Linkable, known: Known) -> PersonLink:
    (found,) = link([contact], known, NOW)
    return found


def test_a_person_is_called_after_the_contact_that_founded_it() -> None:
    assert person_id("psa", "1001") == "p-psa-1001"
    assert person_id("psa", "1001") != person_id("crm", "1001")


def test_contacts_of_one_page_with_equal_address_and_compatible_name_are_one_person() -> None:
    first, second, third = link(
        [
            of("1", "Ann Example", "ann@example.com"),
            of("2", "A. Example", "Ann+x@example.com", "crm"),
            of("3", "Bob Other", "ann@example.com"),
        ],
        NOBODY,
        NOW,
    )
    assert (first.because, second.because, third.because) == ("founded", "same address", "founded")
    assert first.person_id == second.person_id == person_id("psa", "1")
    assert third.person_id == person_id("psa", "3")
    assert third.suspected == (first.person_id,)
    assert first.suspected == second.suspected == ()


def test_role_and_technical_addresses_and_no_address_link_nobody() -> None:
    for email in ("info@example.com", "noreply@example.com", "", "ann@@"):
        links = link([of("1", "Ann Example", email), of("2", "Ann Example", email)], NOBODY, NOW)
        assert [each.because for each in links] == ["founded", "founded"]
        assert links[0].person_id != links[1].person_id


def test_a_known_person_is_found_by_address() -> None:
    known = Known(by_address=having("ann@example.com", KnownPerson("p9", "Ann Example")), by_contact={})
    assert one(of("5", "ann example", "ann@example.com"), known)[2:4] == ("p9", "same address")
    assert one(of("5", "Cyd Example", "ann@example.com"), known).suspected == ("p9",)


def test_a_contact_keeps_its_person_under_a_new_address() -> None:
    known = Known(by_address={}, by_contact={("psa", "1"): "p1"})
    assert one(of("1", "Ann Example", "ann@example.org"), known)[2:6] == ("p1", "kept", NOW, None)
    assert one(of("1", "Ann Example", ""), known)[2:4] == ("p1", "kept")
    taken = Known(by_address=having("ann@example.org", ("p2", "Bob Other")), by_contact={("psa", "1"): "p1"})
    assert one(of("1", "Ann Example", "ann@example.org"), taken)[2:] == ("p1", "kept", NOW, None, ("p2",))


def test_a_new_address_of_another_compatible_person_moves_the_link_and_ends_the_old_one() -> None:
    known = Known(by_address=having("ann@example.org", ("p2", "Ann Example")), by_contact={("psa", "1"): "p1"})
    assert one(of("1", "Ann Example", "ann@example.org"), known)[2:] == ("p2", "moved", NOW, "p1", ())


def test_several_fitting_persons_are_suspected_unless_one_has_the_very_name() -> None:
    known = Known(by_address=having("a@example.com", ("p1", "Ann Example"), ("p2", "Amy Example")), by_contact={})
    assert one(of("9", "A. Example", "a@example.com"), known)[3:] == ("founded", NOW, None, ("p1", "p2"))
    assert one(of("9", "Amy Example", "a@example.com"), known)[2:] == ("p2", "same address", NOW, None, ("p1",))


@dataclass
class Stored:
    """What the store has: each contact's address, person, name and other addresses."""

    rows: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def known(self, page: Sequence[Linkable]) -> Known:
        """As the pull reads it: the contacts of the page, and all who have an address of the page."""
        ids = {(contact.connection, contact.contact_id) for contact in page}
        keys = {address.key for contact in page for address in (contact.address, *contact.others)}
        by_address: dict[str, dict[tuple[str, str], tuple[str, str]]] = {}
        for ref, (own, person, name, *others) in self.rows.items():
            for key in (own, *others):
                if key and (ref in ids or key in keys):
                    by_address.setdefault(key, {})[ref] = (person, name)
        return Known(by_address=by_address, by_contact={ref: self.rows[ref][1] for ref in ids if ref in self.rows})


def remembering(stored: Stored, page: Sequence[Linkable], links: Sequence[PersonLink]) -> Stored:
    for contact, made in zip(page, links, strict=True):
        row = (contact.address.key, made.person_id, contact.name, *(other.key for other in contact.others))
        stored.rows[contact.connection, contact.contact_id] = row
    return stored


def linked(stored: Stored, pages: Sequence[Sequence[Linkable]]) -> list[PersonLink]:
    """Page after page, each with what the store knows by then."""
    links: list[PersonLink] = []
    for page in pages:
        made = link(page, stored.known(page), NOW)
        remembering(stored, page, made)
        links += made
    return links


def test_who_left_an_address_is_not_met_there_unless_another_contact_still_has_it() -> None:
    rows: dict[tuple[str, str], tuple[str, ...]] = {("psa", "1"): ("a@example.com", "p1", "Ann Example")}
    page = [of("1", "Ann Example", "b@example.com"), of("2", "Ann Example", "a@example.com")]
    assert [each.person_id for each in linked(Stored(dict(rows)), [page])] == ["p1", "p-psa-2"]
    rows["crm", "7"] = ("a@example.com", "p1", "Ann Example")
    assert [each.person_id for each in linked(Stored(dict(rows)), [page])] == ["p1", "p1"]


def test_another_address_of_a_contact_links_it_too_but_never_against_its_default_one() -> None:
    hub = of("7", "Ann Example", "ann@example.org", "hub", ["Ann@example.com", "info@example.com"])
    psa, bob, role = (
        of("1", "Ann Example", "ann@example.com"),
        of("2", "Bob Other", "ann@example.com"),
        of("3", "Ann Example", "info@example.com"),
    )
    for page in ([psa, hub], [hub, psa]):
        first, second = link(page, NOBODY, NOW)
        assert (first.because, second.because) == ("founded", "same address")
        assert first.person_id == second.person_id
    assert [each.because for each in link([hub, bob, role], NOBODY, NOW)] == ["founded"] * 3
    assert link([hub, bob], NOBODY, NOW)[1].suspected == ("p-hub-7",)
    stored = Stored(
        {("crm", "9"): ("ann@example.org", "p9", "Ann Example"), ("psa", "1"): ("ann@example.com", "p1", "")}
    )
    assert one(hub, stored.known([hub]))[2:] == ("p9", "same address", NOW, None, ("p1",))


def test_who_left_another_address_is_not_met_there_any_more() -> None:
    rows = {("hub", "7"): ("ann@example.org", "p7", "Ann Example", "ann@example.com")}
    swapped = of("7", "Ann Example", "ann@example.com", "hub", ["ann@example.org"])
    left = of("7", "Ann Example", "ann@example.org", "hub")
    ann = of("1", "Ann Example", "ann@example.com")
    assert [each.person_id for each in linked(Stored(dict(rows)), [[swapped, ann]])] == ["p7", "p7"]
    assert [each.person_id for each in linked(Stored(dict(rows)), [[left, ann]])] == ["p7", "p-psa-1"]


_PAGE = st.lists(
    st.tuples(
        st.sampled_from(["Ann Example", "A. Example", "Bob Other", ""]),
        st.sampled_from(["a@example.com", "b@example.com", "info@example.com", ""]),
        st.lists(st.sampled_from(["a@example.com", "c@example.com", "info@example.com"]), max_size=2, unique=True),
    ),
    max_size=12,
)


@given(_PAGE)
def test_linking_again_keeps_what_it_came_to(page: list[tuple[str, str, list[str]]]) -> None:
    contacts = [of(str(number), name, email, others=more) for number, (name, email, more) in enumerate(page)]
    links = link(contacts, NOBODY, NOW)
    assert [each.contact_id for each in links] == [each.contact_id for each in contacts]
    known = remembering(Stored(), contacts, links).known(contacts)
    again = link(contacts, known, NOW)
    assert [each.person_id for each in again] == [each.person_id for each in links]
    assert {each.because for each in again} <= {"kept"}


_ROWS = st.lists(
    st.tuples(
        st.sampled_from("12345678"),
        st.sampled_from(["Ann Example", "A. Example", "Amy Example", "Bob Other", ""]),
        st.sampled_from(["a@example.com", "b@example.com", "c@example.com", "info@example.com", ""]),
        st.just("psa"),
        st.lists(st.sampled_from(["a@example.com", "b@example.com", "d@example.com"]), max_size=2, unique=True),
    ),
    max_size=8,
    unique_by=lambda row: row[0],
)


@given(before=_ROWS, then=_ROWS, cuts=st.sets(st.integers(1, 7)))
def test_where_pages_end_makes_no_difference(before: list[Any], then: list[Any], cuts: set[int]) -> None:
    def begun() -> Stored:
        stored = Stored()
        linked(stored, [[of(*row)] for row in before])
        return stored

    contacts = [of(*row) for row in then]
    ends = [0, *sorted(cut for cut in cuts if cut < len(contacts)), len(contacts)]
    pages = [contacts[start:end] for start, end in pairwise(ends)]
    whole, split = begun(), begun()
    assert linked(whole, [contacts]) == linked(split, pages)
    assert whole.rows == split.rows
