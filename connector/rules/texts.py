"""The texts used where a rule gives none. They are templates like an admin's own, and may be copied into the YAML.

What a customer's colleagues may see (ticket summary and discussion) holds neither score nor words.
"""

from __future__ import annotations

_WHO = (
    "{{ contact.name|default('Somebody') }}"
    "{% if contact.role and company.name %}, {{ contact.role }} at {{ company.name }},"
    "{% elif contact.role %}, {{ contact.role }},"
    "{% elif company.name %} of {{ company.name }}{% endif %}"
)
_ASKED = (
    "{% if response.campaign and response.wave %} (campaign {{ response.campaign }}, wave {{ response.wave }})"
    "{% elif response.campaign %} (campaign {{ response.campaign }})"
    "{% elif response.wave %} (wave {{ response.wave }}){% endif %}"
)
_QUOTE = '{% if response.comment %}"{{ response.comment }}"\n{% endif %}'

ANSWER = (
    _WHO
    + " gave {{ response.score }} of 10 on {{ response.date }}"
    + _ASKED
    + ".\n"
    + "{% if contact.email and contact.phone %}{{ contact.email }} · {{ contact.phone }}\n"
    + "{% elif contact.email or contact.phone %}{{ contact.email or contact.phone }}\n{% endif %}"
    + _QUOTE
    + "{% if before and company_answers %}Before: {{ before }}. {{ company_answers }}\n"
    + "{% elif before %}Before: {{ before }}.\n"
    + "{% elif company_answers %}{{ company_answers }}\n{% endif %}"
)
"""The whole answer, for our own people."""

TICKET_SUMMARY = "NPS follow-up{% if contact.name or company.name %}: {{ contact.name or company.name }}{% endif %}"
TICKET_DISCUSSION = "Follow-up{% if contact.name %} with {{ contact.name }}{% endif %}."
TICKET_INTERNAL = ANSWER + "{% if due %}Please call within {{ due }}. {% endif %}Close this ticket when it is done."

RESPONSE_NOTE = "NPS {{ response.score }} of 10 ({{ response.band }}) on {{ response.date }}" + _ASKED + ".\n" + _QUOTE

TASK_SUMMARY = TICKET_SUMMARY
TASK_TEXT = ANSWER + "{% if due %}Please call within {{ due }}.{% endif %}"

NOTIFY_SUBJECT = (
    "NPS {{ response.score }} of 10{% if contact.name %} from {{ contact.name }}{% endif %}"
    "{% if company.name %} ({{ company.name }}){% endif %}"
)
NOTIFY_TEXT = ANSWER + "{% if due %}A call is due within {{ due }}, by {{ due_at }}.{% endif %}"
