from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.sync.address import judge
from connector.sync.person import Known, KnownPerson, Linkable, PersonLink, link, person_id

from .builders import NOW

NOBODY = Known(by_address={}, by_contact={})


def of(contact_id: str, name: str, email: str, connection: str = "psa") -> Linkable:
    return Linkable(connection, contact_id, name, judge(email))


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
    known = Known(by_address={"ann@example.com": [KnownPerson("p9", "Ann Example")]}, by_contact={})
    assert one(of("5", "ann example", "ann@example.com"), known)[2:4] == ("p9", "same address")
    assert one(of("5", "Cyd Example", "ann@example.com"), known).suspected == ("p9",)


def test_a_contact_keeps_its_person_under_a_new_address() -> None:
    known = Known(by_address={}, by_contact={("psa", "1"): "p1"})
    assert one(of("1", "Ann Example", "ann@example.org"), known)[2:6] == ("p1", "kept", NOW, None)
    assert one(of("1", "Ann Example", ""), known)[2:4] == ("p1", "kept")
    taken = Known(by_address={"ann@example.org": [("p2", "Bob Other")]}, by_contact={("psa", "1"): "p1"})
    assert one(of("1", "Ann Example", "ann@example.org"), taken)[2:] == ("p1", "kept", NOW, None, ("p2",))


def test_a_new_address_of_another_compatible_person_moves_the_link_and_ends_the_old_one() -> None:
    known = Known(by_address={"ann@example.org": [("p2", "Ann Example")]}, by_contact={("psa", "1"): "p1"})
    assert one(of("1", "Ann Example", "ann@example.org"), known)[2:] == ("p2", "moved", NOW, "p1", ())


def test_several_fitting_persons_are_suspected_unless_one_has_the_very_name() -> None:
    known = Known(by_address={"a@example.com": [("p1", "Ann Example"), ("p2", "Amy Example")]}, by_contact={})
    assert one(of("9", "A. Example", "a@example.com"), known)[3:] == ("founded", NOW, None, ("p1", "p2"))
    assert one(of("9", "Amy Example", "a@example.com"), known)[2:] == ("p2", "same address", NOW, None, ("p1",))


_PAGE = st.lists(
    st.tuples(
        st.sampled_from(["Ann Example", "A. Example", "Bob Other", ""]),
        st.sampled_from(["a@example.com", "b@example.com", "info@example.com", ""]),
    ),
    max_size=12,
)


@given(_PAGE)
def test_linking_twice_keeps_everything(page: list[tuple[str, str]]) -> None:
    contacts = [of(str(number), name, email) for number, (name, email) in enumerate(page)]
    links = link(contacts, NOBODY, NOW)
    assert [each.contact_id for each in links] == [each.contact_id for each in contacts]
    by_address: dict[str, list[KnownPerson]] = {}
    for contact, made in zip(contacts, links, strict=True):
        if contact.address.key:
            by_address.setdefault(contact.address.key, []).append(KnownPerson(made.person_id, contact.name))
    known = Known(by_address=by_address, by_contact={("psa", made.contact_id): made.person_id for made in links})
    again = link(contacts, known, NOW)
    assert [each.person_id for each in again] == [each.person_id for each in links]
    assert {each.because for each in again} <= {"kept"}
