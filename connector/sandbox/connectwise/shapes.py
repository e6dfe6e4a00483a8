"""Which members each kind of record has, and of which kind each one is.

Source: the vendor's published record models (2025.1). One entry is `name` (text) or `name:kind`:
`text.50` text of at most 50 characters · `int` · `num` · `flag` · `when` (date-time) · `enum.A|B` ·
`ref.<kind>` a reference · `list.<kind>` · `any`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

# Accepted when written and never returned (facts 4.1, 4.3).
WRITE_ONLY = {
    "contacts": frozenset({"typeIds", "portalPassword"}),
    "tickets": frozenset(
        {
            "initialDescription",
            "initialInternalAnalysis",
            "initialResolution",
            "initialDescriptionFrom",
            "contactEmailLookup",
            "processNotifications",
            "skipCallback",
        }
    ),
    "ticket_notes": frozenset({"processNotifications"}),
    "members": frozenset({"password", "clientId", "token"}),
}
# Returned inside `_info`, yet filterable and sortable at top level (facts 3).
INFO_MEMBERS = ("lastUpdated", "updatedBy", "dateEntered", "enteredBy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a record: `kind` is the word before the dot, `of` the word after it."""

    name: str
    kind: str
    of: str

    @property
    def limit(self) -> int | None:
        """Greatest length of a text, where the vendor states one."""
        return int(self.of) if self.kind == "text" and self.of else None

    @property
    def choices(self) -> tuple[str, ...]:
        """The words an enum member may hold."""
        return tuple(self.of.split("|")) if self.kind == "enum" else ()


@functools.cache
def shape(kind: str) -> dict[str, Member]:
    """Return the members of one kind of record by name, in the vendor's order."""
    members: dict[str, Member] = {}
    for entry in _SHAPES[kind].split():
        name, _, text = entry.partition(":")
        word, _, of = (text or "text").partition(".")
        members[name] = Member(name=name, kind=word, of=of)
    return members


@functools.cache
def by_lower_name(kind: str) -> dict[str, Member]:
    """Return the readable members by lower-case name, as conditions and `fields` look them up."""
    hidden = WRITE_ONLY.get(kind, frozenset())
    return {name.lower(): member for name, member in shape(kind).items() if name not in hidden}


_SHAPES = {
    "contacts": """
        id:int firstName lastName company:ref.companies site:ref.free addressLine1 addressLine2 city
        state zip country:ref.free relationship:ref.free relationshipOverride department:ref.free
        inactiveFlag:flag defaultMergeContactId:int securityIdentifier managerContact:ref.contacts
        assistantContact:ref.contacts title school nickName marriedFlag:flag childrenFlag:flag children
        significantOther portalPassword portalSecurityLevel:int disablePortalLoginFlag:flag
        unsubscribeFlag:flag gender:enum.Female|Male birthDay anniversary
        presence:enum.NoAgent|Online|DoNotDisturb|Away|Offline mobileGuid facebookUrl twitterUrl
        linkedInUrl defaultPhoneType defaultPhoneNbr defaultPhoneExtension defaultBillingFlag:flag
        defaultFlag:flag userDefinedField1:text.50 userDefinedField2:text.50 userDefinedField3:text.50
        userDefinedField4:text.50 userDefinedField5:text.50 userDefinedField6:text.50
        userDefinedField7:text.50 userDefinedField8:text.50 userDefinedField9:text.50
        userDefinedField10:text.50 companyLocation:ref.locations communicationItems:list.any
        types:list.ref.contact_types integratorTags:list.text customFields:list.any photo:ref.free
        ignoreDuplicates:flag typeIds:list.int""",
    "communications": """
        id:int contactId:int type:ref.communication_types value:text.250 extension:text.15
        defaultFlag:flag mobileGuid communicationType:enum.Email|Fax|Phone domain""",
    "contact_groups": """
        id:int group:ref.groups contact:ref.contacts description:text.50 unsubscribeFlag:flag
        companyUnsubcribedEmailMessage companyGroupUnsubscribedEmailMessage
        contactUnsubscribedEmailMessage contactGroupUnsubscribedEmailMessage""",
    "contact_notes": """
        id:int contactId:int text type:ref.note_types flagged:flag enteredBy""",
    "type_associations": """
        id:int type:ref.contact_types contact:ref.contacts""",
    "contact_types": """
        id:int description:text.50 defaultFlag:flag serviceAlertFlag:flag serviceAlertMessage:text.150""",
    "companies": """
        id:int identifier:text.30 name:text.50 status:ref.company_statuses addressLine1:text.50
        addressLine2:text.50 city:text.50 state:text.50 zip:text.12 country:ref.free phoneNumber:text.30
        faxNumber:text.30 website:text.255 territory:ref.locations market:ref.free accountNumber
        defaultContact:ref.contacts dateAcquired:when sicCode:ref.free parentCompany:ref.companies
        annualRevenue:num numberOfEmployees:int yearEstablished:int revenueYear:int
        ownershipType:ref.free timeZoneSetup:ref.free leadSource:text.50 leadFlag:flag
        unsubscribeFlag:flag calendar:ref.free userDefinedField1:text.50 userDefinedField2:text.50
        userDefinedField3:text.50 userDefinedField4:text.50 userDefinedField5:text.50
        userDefinedField6:text.50 userDefinedField7:text.50 userDefinedField8:text.50
        userDefinedField9:text.50 userDefinedField10:text.50 vendorIdentifier taxIdentifier
        taxCode:ref.free billingTerms:ref.free invoiceTemplate:ref.free pricingSchedule:ref.free
        companyEntityType:ref.free billToCompany:ref.companies billingSite:ref.free
        billingContact:ref.contacts invoiceDeliveryMethod:ref.free invoiceToEmailAddress
        invoiceCCEmailAddress deletedFlag:flag dateDeleted:when deletedBy mobileGuid facebookUrl
        twitterUrl linkedInUrl currency:ref.free territoryManager:ref.members resellerIdentifier
        isVendorFlag:flag types:list.ref.company_types site:ref.free integratorTags:list.text
        customFields:list.any""",
    "company_types": """
        id:int name:text.50 defaultFlag:flag vendorFlag:flag serviceAlertFlag:flag
        serviceAlertMessage:text.150""",
    "company_statuses": """
        id:int name:text.50 defaultFlag:flag inactiveFlag:flag notifyFlag:flag disallowSavingFlag:flag
        notificationMessage:text.500 customNoteFlag:flag cancelOpenTracksFlag:flag track:ref.free""",
    "company_teams": """
        id:int company:ref.companies teamRole:ref.team_roles location:ref.locations
        department:ref.departments contact:ref.contacts member:ref.members accountManagerFlag:flag
        techFlag:flag salesFlag:flag""",
    "company_notes": """
        id:int text type:ref.note_types flagged:flag enteredBy company:ref.companies""",
    "note_types": """
        id:int identifier:text.15 name:text.50 defaultFlag:flag importFlag:flag""",
    "communication_types": """
        id:int description phoneFlag:flag faxFlag:flag emailFlag:flag defaultFlag:flag
        exchangeXref:text.50 iphoneXref:text.50 androidXref:text.50 googleXref:text.50""",
    "groups": """
        id:int name publicDescription:text.255 publicFlag:flag inactiveFlag:flag""",
    "group_contacts": """
        id:int groupId:int note:text.50 unsubscribeFlag:flag""",
    "group_companies": """
        id:int groupId:int defaultContactFlag:flag allContactsFlag:flag unsubscribeFlag:flag""",
    "tickets": """
        id:int summary:text.100 recordType:enum.ProjectIssue|ProjectTicket|ServiceTicket
        board:ref.boards status:ref.statuses workRole:ref.free workType:ref.free company:ref.companies
        site:ref.free siteName:text.50 addressLine1:text.50 addressLine2:text.50 city:text.50
        stateIdentifier:text.50 zip:text.12 country:ref.free contact:ref.contacts contactName:text.62
        contactPhoneNumber:text.20 contactPhoneExtension:text.15 contactEmailAddress:text.250
        type:ref.board_types subType:ref.subtypes item:ref.items team:ref.board_teams owner:ref.members
        priority:ref.priorities serviceLocation:ref.free source:ref.sources requiredDate:when
        budgetHours:num opportunity:ref.free agreement:ref.agreements agreementType
        severity:enum.Low|Medium|High impact:enum.Low|Medium|High externalXRef:text.100 poNumber:text.50
        knowledgeBaseCategoryId:int knowledgeBaseSubCategoryId:int allowAllClientsPortalView:flag
        customerUpdatedFlag:flag automaticEmailContactFlag:flag automaticEmailResourceFlag:flag
        automaticEmailCcFlag:flag automaticEmailCc:text.1000 initialDescription initialInternalAnalysis
        initialResolution initialDescriptionFrom contactEmailLookup processNotifications:flag
        skipCallback:flag closedDate closedBy closedFlag:flag actualHours:num approved:flag
        estimatedExpenseCost:num estimatedExpenseRevenue:num estimatedProductCost:num
        estimatedProductRevenue:num estimatedTimeCost:num estimatedTimeRevenue:num
        billingMethod:enum.ActualRates|FixedFee|NotToExceed|OverrideRate billingAmount:num
        hourlyRate:num subBillingMethod:enum.ActualRates|FixedFee|NotToExceed|OverrideRate
        subBillingAmount:num subDateAccepted dateResolved dateResplan dateResponded resolveMinutes:int
        resPlanMinutes:int respondMinutes:int isInSla:flag knowledgeBaseLinkId:int resources
        parentTicketId:int hasChildTicket:flag hasMergedChildTicketFlag:flag
        knowledgeBaseLinkType:enum.Activity|ProjectIssue|KnowledgeBaseArticle|ProjectTicket|ServiceTicket|Time
        billTime:enum.Billable|DoNotBill|NoCharge|NoDefault
        billExpenses:enum.Billable|DoNotBill|NoCharge|NoDefault
        billProducts:enum.Billable|DoNotBill|NoCharge|NoDefault predecessorType:enum.Ticket|Phase
        predecessorId:int predecessorClosedFlag:flag lagDays:int lagNonworkingDaysFlag:flag
        estimatedStartDate:when duration:int location:ref.locations department:ref.departments
        mobileGuid sla:ref.free slaStatus requestForChangeFlag:flag currency:ref.free
        mergedParentTicket:ref.tickets integratorTags:list.text escalationStartDateUTC
        escalationLevel:int minutesBeforeWaiting:int respondedSkippedMinutes:int
        resplanSkippedMinutes:int respondedHours:num respondedBy resplanHours:num resplanBy
        resolutionHours:num resolvedBy minutesWaiting:int customFields:list.any""",
    "ticket_notes": """
        id:int ticketId:int text detailDescriptionFlag:flag internalAnalysisFlag:flag
        resolutionFlag:flag issueFlag:flag member:ref.members contact:ref.contacts
        customerUpdatedFlag:flag processNotifications:flag dateCreated createdBy internalFlag:flag
        externalFlag:flag sentimentScore:num""",
    "boards": """
        id:int name:text.50 location:ref.locations department:ref.departments inactiveFlag:flag
        signOffTemplate:ref.free sendToContactFlag:flag contactTemplate:ref.free sendToResourceFlag:flag
        resourceTemplate:ref.free projectFlag:flag showDependenciesFlag:flag showEstimatesFlag:flag
        boardIcon:ref.free billTicketsAfterClosedFlag:flag billTicketSeparatelyFlag:flag
        billUnapprovedTimeExpenseFlag:flag overrideBillingSetupFlag:flag dispatchMember:ref.members
        serviceManagerMember:ref.members dutyManagerMember:ref.members oncallMember:ref.members
        workRole:ref.free workType:ref.free billTime:enum.Billable|DoNotBill|NoCharge|NoDefault
        billExpense:enum.Billable|DoNotBill|NoCharge|NoDefault
        billProduct:enum.Billable|DoNotBill|NoCharge|NoDefault autoCloseStatus:ref.statuses
        autoAssignNewTicketsFlag:flag autoAssignNewECTicketsFlag:flag
        autoAssignNewPortalTicketsFlag:flag discussionsLockedFlag:flag timeEntryLockedFlag:flag
        notifyEmailFrom:text.50 notifyEmailFromName:text.60 closedLoopDiscussionsFlag:flag
        closedLoopResolutionFlag:flag closedLoopInternalAnalysisFlag:flag timeEntryDiscussionFlag:flag
        timeEntryResolutionFlag:flag timeEntryInternalAnalysisFlag:flag
        problemSort:enum.Ascending|Descending resolutionSort:enum.Ascending|Descending
        internalAnalysisSort:enum.Ascending|Descending emailConnectorAllowReopenClosedFlag:flag
        emailConnectorReopenStatus:ref.statuses emailConnectorReopenResourcesFlag:flag
        emailConnectorNewTicketNoMatchFlag:flag emailConnectorNeverReopenByDaysFlag:flag
        emailConnectorReopenDaysLimit:int emailConnectorNeverReopenByDaysClosedFlag:flag
        emailConnectorReopenDaysClosedLimit:int useMemberDisplayNameFlag:flag sendToCCFlag:flag
        autoAssignTicketOwnerFlag:flag autoAssignLimitFlag:flag autoAssignLimitAmount:int
        closedLoopAllFlag:flag percentageCalculation:enum.ActualHours|Manual|ClosedPhases|ClosedTickets
        allSort:enum.Ascending|Descending markFirstNoteIssueFlag:flag restrictBoardByDefaultFlag:flag
        sendToBundledFlag:flag""",
    "statuses": """
        id:int name:text.50 board:ref.boards sortOrder:int displayOnBoard:flag inactive:flag
        closedStatus:flag timeEntryNotAllowed:flag roundRobinCatchall:flag defaultFlag:flag
        escalationStatus:enum.NotResponded|Responded|ResolutionPlan|Resolved|NoEscalation
        customerPortalDescription:text.500 customerPortalFlag:flag emailTemplate:ref.free
        statusIndicator:ref.free customStatusIndicatorName:text.30 saveTimeAsNote:flag""",
    "surveys": """
        id:int name:text.50 inactiveFlag:flag headerIncludeLogoFlag:flag headerText:text.200
        headerTextVisibleFlag:flag footerText:text.200 footerTextVisibleFlag:flag thankYouText:text.200
        notifyWho:ref.free notifyWhoVisibleFlag:flag notifyMember:ref.members""",
    "board_types": """
        id:int name:text.50 category:enum.Reactive|Proactive defaultFlag:flag inactiveFlag:flag
        requestForChangeFlag:flag integrationXref:text.50 skillCategory:ref.free skill:ref.free
        board:ref.boards location:ref.locations department:ref.departments""",
    "subtypes": """
        id:int name:text.50 inactiveFlag:flag typeAssociationIds:list.int addAllTypesFlag:flag
        removeAllTypesFlag:flag board:ref.boards""",
    "items": """
        id:int name:text.50 inactiveFlag:flag board:ref.boards""",
    "board_teams": """
        id:int name:text.30 teamLeader:ref.members members:list.int defaultFlag:flag
        notifyOnTicketDelete:flag defaultRoundRobinFlag:flag roundRobinFlag:flag boardId:int
        locationId:int businessUnitId:int""",
    "priorities": """
        id:int name:text.50
        color:enum.Black|Blue|Cyan|Gray|Green|Lime|Orange|Pink|Purple|Red|White|Yellow|Custom
        sortOrder:int defaultFlag:flag imageLink urgencySortOrder level:enum.Critical|High|Medium|Low""",
    "locations": """
        id:int name:text.50 defaultFlag:flag""",
    "agreements": """
        id:int name:text.100 company:ref.companies cancelledFlag:flag""",
    "sources": """
        id:int name:text.50 defaultFlag:flag enteredBy dateEntered:when""",
    "members": """
        id:int identifier:text.15 password:text.60 disableOnlineFlag:flag licenseClass:enum.A|C|F|X
        notes employeeIdentifer:text.10 vendorNumber enableMobileGpsFlag:flag inactiveDate:when
        inactiveFlag:flag lastLogin clientId token firstName:text.30 middleInitial:text.1
        lastName:text.30 hireDate:when country:ref.free photo:ref.free officeEmail:text.250
        mobileEmail:text.250 homeEmail:text.250 defaultEmail:enum.Office|Mobile|Home
        primaryEmail:text.250 officePhone:text.15 officeExtension:text.10 mobilePhone:text.15
        mobileExtension:text.10 homePhone:text.15 homeExtension:text.10
        defaultPhone:enum.Office|Mobile|Home securityRole:ref.free office365:ref.free mapiName
        calendarSyncIntegrationFlag:flag
        authenticationServiceType:enum.AuthAnvil|GoogleAuthenticator|Email
        timebasedOneTimePasswordActivated:flag enableLdapAuthenticationFlag:flag
        ldapConfiguration:ref.free ldapUserName:text.50 directionalSync:ref.free ssoSettings:ref.free
        signature phoneIntegrationType:enum.TAPI|SKYPE|TEL|CALLTO|NONE useBrowserLanguageFlag:flag title
        reportCard:ref.free enableMobileFlag:flag type:ref.free timeZone:ref.free partnerPortalFlag:flag
        stsUserAdminUrl toastNotificationFlag:flag memberPersonas:list.int adminFlag:flag
        structureLevel:ref.free securityLocation:ref.locations defaultLocation:ref.locations
        defaultDepartment:ref.departments reportsTo:ref.members restrictLocationFlag:flag
        restrictDepartmentFlag:flag workRole:ref.free workType:ref.free timeApprover:ref.members
        expenseApprover:ref.members billableForecast:num dailyCapacity:num hourlyCost:num hourlyRate:num
        includeInUtilizationReportingFlag:flag requireExpenseEntryFlag:flag
        requireTimeSheetEntryFlag:flag requireStartAndEndTimeOnTimeEntryFlag:flag
        allowInCellEntryOnTimeSheet:flag enterTimeAgainstCompanyFlag:flag
        allowExpensesEnteredAgainstCompaniesFlag:flag timeReminderEmailFlag:flag daysTolerance:int
        minimumHours:num timeSheetStartDate serviceDefaultLocation:ref.locations
        serviceDefaultDepartment:ref.departments serviceDefaultBoard:ref.boards
        restrictServiceDefaultLocationFlag:flag restrictServiceDefaultDepartmentFlag:flag
        excludedServiceBoardIds:list.int teams:list.int serviceBoardTeamIds:list.int
        projectDefaultLocation:ref.locations projectDefaultDepartment:ref.departments
        projectDefaultBoard:ref.free restrictProjectDefaultLocationFlag:flag
        restrictProjectDefaultDepartmentFlag:flag excludedProjectBoardIds:list.int
        scheduleDefaultLocation:ref.locations scheduleDefaultDepartment:ref.departments
        scheduleCapacity:num serviceLocation:ref.free restrictScheduleFlag:flag
        hideMemberInDispatchPortalFlag:flag calendar:ref.free salesDefaultLocation:ref.locations
        restrictDefaultSalesTerritoryFlag:flag warehouse:ref.free warehouseBin:ref.free
        restrictDefaultWarehouseFlag:flag restrictDefaultWarehouseBinFlag:flag
        companyActivityTabFormat:enum.SummaryList|DetailList
        invoiceTimeTabFormat:enum.SummaryList|DetailList
        invoiceScreenDefaultTabFormat:enum.ShowInvoicingTab|ShowAgreementInvoicingTab
        invoicingDisplayOptions:enum.RemainOnInvoicingScreen|ShowRecentInvoices
        agreementInvoicingDisplayOptions:enum.RemainOnInvoicingScreen|ShowRecentInvoices
        autoStartStopwatch:flag autoPopupQuickNotesWithStopwatch:flag
        globalSearchDefaultTicketFilter:enum.OpenRecords|ClosedRecords|AllRecords
        globalSearchDefaultSort:enum.None|LastUpdatedDesc|LastUpdatedAsc|CreatedDesc|CreatedAsc
        phoneSource copyPodLayouts:flag copySharedDefaultViews:flag copyColumnLayoutsAndFilters:flag
        fromMemberRecId:int fromMemberTemplateRecId:int customFields:list.any""",
    "user_defined_fields": """
        id:int podId:int caption:text.25 sequenceNumber:int screenId:text.25 helpText:text.1000
        fieldTypeIdentifier:enum.TextArea|Button|Currency|Date|Hyperlink|IPAddress|Checkbox|Number|Percent|Text|Password
        numberDecimals:int entryTypeIdentifier:enum.Date|EntryField|List|Option requiredFlag:flag
        displayOnScreenFlag:flag readOnlyFlag:flag listViewFlag:flag buttonUrl:text.1000
        options:list.any businessUnitIds:list.int locationIds:list.int addAllBusinessUnits:flag
        removeAllBusinessUnits:flag addAllLocations:flag removeAllLocations:flag connectWiseID
        dateCreated:when""",
    "activities": """
        id:int name:text.100 type:ref.activity_types company:ref.companies contact:ref.contacts
        phoneNumber:text.30 email:text.250 status:ref.activity_statuses opportunity:ref.free
        ticket:ref.tickets agreement:ref.free campaign:ref.free notes dateStart:when dateEnd:when
        assignedBy:ref.members assignTo:ref.members scheduleStatus:ref.free reminder:ref.free
        where:ref.free notifyFlag:flag mobileGuid currency:ref.free customFields:list.any""",
    "activity_types": """
        id:int name:text.50 points:int defaultFlag:flag inactiveFlag:flag emailFlag:flag memoFlag:flag
        historyFlag:flag""",
    "activity_statuses": """
        id:int name:text.30 defaultFlag:flag inactiveFlag:flag spawnFollowupFlag:flag closedFlag:flag""",
    "callbacks": """
        id:int description:text.100 url objectId:int type level memberId:int payloadVersion
        inactiveFlag:flag isSoapCallbackFlag:flag isSelfSuppressedFlag:flag connectWiseID""",
}
