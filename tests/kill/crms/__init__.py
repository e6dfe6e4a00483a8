"""The CRMs that kills are tried on, by kind."""

from __future__ import annotations

from tests.kill.crms.connectwise import CONNECTWISE
from tests.kill.crms.hubspot import HUBSPOT
from tests.kill.crms.salesforce import SALESFORCE

CRMS = {crm.kind: crm for crm in (CONNECTWISE, HUBSPOT, SALESFORCE)}
NEWER = (HUBSPOT, SALESFORCE)
"""Thinned in CI, where ConnectWise's boundaries are tried one and all."""

__all__ = ["CONNECTWISE", "CRMS", "HUBSPOT", "NEWER", "SALESFORCE"]
