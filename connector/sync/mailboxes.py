"""The tables behind `address.judge`: mailboxes that are no person's, and domains people mistype."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ROLE = _words(
    """
    account accounting accounts accountspayable accountsreceivable admin administration adm ask billing board
    booking bookings business careers clients club comms communications compliance contact contactus customercare
    customers customerservice customersupport design dispatch donations editor editorial email enquiries enquiry
    enquire events everyone faq feedback finance frontdesk general hello help helpdesk hi hostmaster hr humanresources
    info information inquiries inquiry invoice invoices invoicing it itdepartment itsupport itadmin jobs kontakt
    kundenservice legal licensing licenses logistics mail mailbox maintenance management marketing media members
    membership noc office operations ops order orders partner partners payables payroll payments people pr press
    privacy procurement projects purchase purchasing quality receivables reception recruiting recruitment
    registration remittance renewals reservations returns sales schedule scheduling school secretary security
    service servicedesk services shipping shop staff stock studio subscribe subscriptions support team tech
    techsupport tickets training travel vendors warehouse web webmaster welcome workshop
    biuro sekretariat ksiegowosc faktury zamowienia buchhaltung buero einkauf empfang rechnung rechnungen personal
    vertrieb verwaltung zentrale accueil achats comptabilite commercial direction facturation administracion
    compras contabilidad contacto facturacion ventas amministrazione acquisti segreteria administratie inkoop
    verkoop postmottak faktura
    """
)

TECHNICAL = _words(
    """
    abuse alarm alarms alert alerting alerts auto automailer automated automation autoreply autoresponder backup
    backups bot bounce bounced bounces copier cron daemon devnull donotreply dmarc fax ftp listserv log logs
    mailerdaemon mailer majordomo mfp monitor monitoring nagios nobody nodelivery noreply notification notifications
    notify null postmaster print printer prtg replyto returnpath root rmm scan scanner scans scantoemail smtp
    spam syslog system unsubscribe uucp usenet voicemail voip zabbix
    """
)

TECHNICAL_PREFIXES = ("noreply", "no-reply", "no_reply", "no.reply", "donotreply", "do-not-reply", "do_not_reply")

_MISTYPED = {
    "gmail.com": """gmial.com gmai.com gamil.com gmal.com gmil.com gnail.com gmail.co gmail.con gmail.cm gmail.om
        gmaill.com gmail.comm gmailcom""",
    "hotmail.com": """hotmial.com hotmal.com hotmai.com hotmil.com htomail.com hotmail.co hotmail.con hotmail.cm
        hotmaill.com hotmailcom""",
    "outlook.com": "outlok.com outloo.com oulook.com outook.com outllok.com outlook.co outlook.con outlookcom",
    "yahoo.com": "yahooo.com yaho.com yhoo.com yaoo.com yahoo.con yahoo.cm yahoocom",
    "icloud.com": "iclod.com iclould.com icloud.co icloud.con icloudcom",
}
TYPOS = {slip: domain for domain, slips in _MISTYPED.items() for slip in slips.split()}
"""Domains that are almost always a slip → the one meant. Shown to a person as a proposal, never applied."""
