"""Word lists for invented people and firms. The plain form is what stands in an e-mail address."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST = _words(
    """
    Ada Alan Alice Amir Anita Anton Aria Ben Bianca Boris Carla Cesar Chloe Clara Dana Daniel Diego Dora
    Edgar Elena Elif Emil Erin Esther Eva Fatima Felix Fiona Frida Gabor Gina Greta Hana Hector Helen
    Hugo Ida Igor Ines Irene Ivan Jack Jana Jasmin Joel Jonas Julia Kai Karim Kira Lars Laura Leo Lina
    Lucas Luna Maja Marco Mina Mona Nadia Nils Nora Olga Omar Oscar Paula Pedro Petra Quinn Rafael Rosa
    Ruth Samir Sara Silas Sofia Stella Tara Tess Theo Tina Uma Vera Victor Wanda Will Xenia Yara Yusuf
    Zara Zeno
    """
)
LAST = _words(
    """
    Abbot Adler Baker Barnes Becker Berg Blake Brandt Brook Carver Castle Clay Cole Cooper Crane Dale
    Dalton Draper Ellis Falk Farmer Field Finch Fisher Ford Forster Foster Fox Frost Gale Garner Glass
    Glover Grant Green Grove Hale Harper Hart Hayes Heath Hill Holt Hood Hunter Keller Kemp Kent King
    Kirk Klein Lake Lane Larch Lindt Lowe Mason Mead Miller Moss Nash North Novak Oak Page Palmer Park
    Parker Pike Pond Porter Quill Reed Ridge Rivers Roth Rowe Sanders Sawyer Sharp Shore Singer Slater
    Smith Snow Stone Swan Taylor Thorne Turner Vale Wade Walker Ward Weaver Webb Wells West White Winter
    Wolf Wood Wright York Young
    """
)
TITLES = (
    "Office Manager",
    "Managing Director",
    "Accountant",
    "IT Coordinator",
    "Head of Operations",
    "Receptionist",
    "Sales Manager",
    "Warehouse Lead",
    "Partner",
    "Project Manager",
    "Analyst",
    "Chief Executive",
    "Team Lead",
    "Buyer",
    "HR Manager",
    "Engineer",
)
CITIES = (
    ("Springfield", "IL", "62701"),
    ("Riverton", "WY", "82501"),
    ("Fairview", "NJ", "07022"),
    ("Lakeside", "CA", "92040"),
    ("Greenville", "SC", "29601"),
    ("Milltown", "NJ", "08850"),
    ("Ashford", "CT", "06278"),
    ("Brookdale", "MI", "48080"),
)
FIRM_FIRST = _words(
    """
    Harbor Summit Cedar Granite Willow Beacon Copper Juniper Meridian Falcon Orchard Prairie Anchor
    Sterling Maple Quarry Lantern Cascade Heron Timber Aspen Coral Delta Ember Fjord Garnet Hazel Indigo
    Jasper Kestrel
    """
)
FIRM_SECOND = _words(
    """
    Dental Logistics Foods Legal Press Motors Tools Clinic Bakery Textiles Realty Studios Farms Freight
    Glass Optics Plumbing Travel Energy Books Metals Gardens Schools Audio
    """
)
FIRM_FORM = ("Ltd", "Inc", "LLC", "Group", "Co")

# (first name, last name, plain form for the address)
FOREIGN = (
    ("Zoë", "Müller", "zoe.mueller"),
    ("Łukasz", "Przykładowski", "lukasz.przykladowski"),
    ("Søren", "Ørsted-Åberg", "soren.aaberg"),
    ("José", "Muñestra", "jose.munestra"),
    ("李", "示例", "li.shili"),
    ("Вера", "Примерова", "vera.primerova"),
    ("مثال", "التجربة", "m.tajriba"),
    ("Siobhán", "O’Sample", "siobhan.osample"),
)
LONG = (
    ("Maximiliana-Alexandrina-Theodora", "von Beispielhausen-Musterstadt zu Langenfeld-Oberndorf", "max.beispiel"),
    ("Humbert Bertram", "Beispielschlegelsteinhausenbergerdorff-" * 3 + "Senior", "humbert.long"),
)
HOSTILE = (
    ("{{7*7}}", "${7*7}", "template"),
    ("<script>alert(1)</script>", "<img src=x onerror=alert(2)>", "script"),
    ("Robert'); DROP TABLE contacts;--", 'O"Quote\\', "quotes"),
    ("\u202eevil\u202c", "mark\u200f", "rtl"),
    ('=HYPERLINK("https://example.com","click")', "+cmd|' /C calc'!A0", "sheet"),
    ("Line\nBreak", "Tab\tBcc: x@example.com\r\n", "header"),
    ("](https://example.com/x) **bold**", "%s %n {0} #{1}", "markdown"),
)
# How a broken address looks; {p} is the person's plain name, {d} the firm's domain.
MALFORMED = (
    "ann@example,com",
    "{p} @{d}",
    "{p}@{d}.",
    "{p}@ех\u0430mple.com",
    "{p}@@{d}",
    "{p}",
    "{p}@localhost",
    "mailto:{p}@{d}",
    "{p}@{d}; boss@{d}",
    "n/a",
    ".{p}@{d}",
    '"{p}"<{p}@{d}',
)
ROLES = ("info", "sales", "support", "office", "accounts")
TECHNICAL = ("noreply", "postmaster", "monitoring", "backup-alerts")
