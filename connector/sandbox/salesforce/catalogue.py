"""The tables that `shapes` reads: objects as `Name|prefix|Label|Plural|what the API may do` and their fields."""

from __future__ import annotations

_STAMPS = """
CreatedDate datetime d
CreatedById ref:User d
LastModifiedDate datetime d
LastModifiedById ref:User d
SystemModstamp datetime d
"""

OBJECTS = {
    "Account|001|Account|Accounts": f"""
Id id d
IsDeleted boolean d
MasterRecordId ref:Account n
Name string:255 cu
Type picklist:AccountType cun
ParentId ref:Account cun
BillingStreet textarea:255 cun
BillingCity string:40 cun
BillingState string:80 cun
BillingPostalCode string:20 cun
BillingCountry string:80 cun
Phone phone:40 cun
Website url:255 cun
Industry picklist:Industry cun
NumberOfEmployees int cun
Description textarea:32000 cun
OwnerId ref:User cud
{_STAMPS.strip()}
Active__c picklist:YesNo cun
NPS_Status__c string:80 cun
NPS_Status_Date__c datetime cun
NPS_Score__c double cun
NPS_Date__c datetime cun
NPS_Comment__c textarea:1000 cun
NPS_Opt_Out__c boolean cud
""",
    "Contact|003|Contact|Contacts": f"""
Id id d
IsDeleted boolean d
MasterRecordId ref:Contact n
AccountId ref:Account cun
LastName string:80 cu
FirstName string:40 cun
Salutation picklist:Salutation cun
Name string:121 "Full Name"
RecordTypeId ref:RecordType cund
Phone phone:40 cun "Business Phone"
MobilePhone phone:40 cun
Email email:80 cun
Title string:128 cun
Department string:80 cun
Description textarea:32000 cun
OwnerId ref:User cud
HasOptedOutOfEmail boolean cud "Email Opt Out"
DoNotCall boolean cud
EmailBouncedReason string:255 cun
EmailBouncedDate datetime cun
IsEmailBounced boolean d
{_STAMPS.strip()}
LastActivityDate date n
Contact_Type__c picklist:ContactType! cun
Contact_Roles__c multipicklist:ContactRole cun
Inactive__c boolean cud
Secondary_Email__c email:80 cun
NPS_Score__c double cun
NPS_Category__c picklist:Category! cun
NPS_Comment__c textarea:1000 cun
NPS_Date__c datetime cun
NPS_Last_Score__c double cun
NPS_Last_Response_At__c datetime cun
NPS_Opt_Out__c boolean cud
""",
    "Case|500|Case|Cases": f"""
Id id d
IsDeleted boolean d
MasterRecordId ref:Case n
CaseNumber string:30 d
ContactId ref:Contact cun
AccountId ref:Account cun
ParentId ref:Case cun
SuppliedEmail email:80 cun
SuppliedName string:80 cun
Type picklist:CaseType! cun
RecordTypeId ref:RecordType cund
Status picklist:CaseStatus! cud
Reason picklist:CaseReason cun
Origin picklist:CaseOrigin cun
Subject string:255 cun
Priority picklist:CasePriority! cud
Description textarea:32000 cun
IsClosed boolean d
ClosedDate datetime n
IsEscalated boolean cud
OwnerId ref:Group,User cud
ContactEmail email:80 n
Comments textarea:4000 cun "Internal Comments"
{_STAMPS.strip()}
NPS_Survey_Key__c string:40 cunxq "NPS Survey Key"
NPS_Key__c string:40 cunxq
NPS_Score__c double cun
""",
    "CaseComment|00a|Case Comment|Case Comments": f"""
Id id d
ParentId ref:Case c
IsPublished boolean cud
CommentBody textarea:4000 cun "Body"
IsDeleted boolean d
{_STAMPS.strip()}
""",
    "Task|00T|Task|Tasks": f"""
Id id d
WhoId ref:Contact,Lead cun
WhatId ref:Account,Case,NPS_Response__c,Campaign cun
Subject string:255 cun
ActivityDate date cun "Due Date Only"
Status picklist:TaskStatus cud
Priority picklist:TaskPriority cud
OwnerId ref:User cud
Description textarea:32000 cun "Comments"
IsDeleted boolean d
AccountId ref:Account n
IsClosed boolean d
IsArchived boolean d
{_STAMPS.strip()}
NPS_Key__c string:40 cunxq
""",
    "Campaign|701|Campaign|Campaigns": f"""
Id id d
IsDeleted boolean d
Name string:80 cu
ParentId ref:Campaign cun
Type picklist:CampaignType cun
Status picklist:CampaignStatus cun
StartDate date cun
EndDate date cun
IsActive boolean cud "Active"
Description textarea:32000 cun
OwnerId ref:User cud
NumberOfContacts int d "Contacts in Campaign"
{_STAMPS.strip()}
""",
    "CampaignMember|00v|Campaign Member|Campaign Members": f"""
Id id d
IsDeleted boolean d
CampaignId ref:Campaign c
LeadId ref:Lead cn
ContactId ref:Contact cn
Status string:40 cund
HasResponded boolean d
FirstRespondedDate date n
{_STAMPS.strip()}
NPS_Key__c string:40 cunxq
""",
    "CampaignMemberStatus|01Y|Campaign Member Status|Campaign Member Status": f"""
Id id d
IsDeleted boolean d
CampaignId ref:Campaign c
Label string:765 cu
SortOrder int cun
IsDefault boolean cud
HasResponded boolean cud
{_STAMPS.strip()}
""",
    "Lead|00Q|Lead|Leads|": f"""
Id id d
IsDeleted boolean d
LastName string:80 cu
FirstName string:40 cun
Name string:121
Company string:255 cu
Email email:80 cun
{_STAMPS.strip()}
""",
    "User|005|User|Users|": """
Id id d
Username string:80 d
FirstName string:40 n
LastName string:80 d
Name string:121
Alias string:8 d
Email email:128 d
IsActive boolean d "Active"
UserType picklist:UserType n
TimeZoneSidKey string:40 d
CreatedDate datetime d
LastModifiedDate datetime d
SystemModstamp datetime d
""",
    "Group|00G|Group|Group|": """
Id id d
Name string:40 d
DeveloperName string:80 n
Type picklist:GroupType d
Email email:128 n
CreatedDate datetime d
LastModifiedDate datetime d
SystemModstamp datetime d
""",
    "QueueSobject|03g|Queue Sobject|Queue Sobject|": """
Id id d
QueueId ref:Group d
SobjectType string:40 d
""",
    "RecordType|012|Record Type|Record Types|": """
Id id d
Name string:80 d
DeveloperName string:80 d
Description string:255 n
SobjectType string:40 d
IsActive boolean d "Active"
CreatedDate datetime d
LastModifiedDate datetime d
SystemModstamp datetime d
""",
    "CaseStatus|01J|Case Status Value|Case Status Value|": """
Id id d
MasterLabel string:255 d
ApiName string:255 d
IsDefault boolean d
IsClosed boolean d
SortOrder int n
SystemModstamp datetime d
""",
    "TaskStatus|01T|Task Status Value|Task Status Value|": """
Id id d
MasterLabel string:255 d
ApiName string:255 d
IsDefault boolean d
IsClosed boolean d
SortOrder int n
SystemModstamp datetime d
""",
    "Organization|00D|Organization|Organizations|": """
Id id d
Name string:80 d
OrganizationType string:40 d
InstanceName string:5 n
IsSandbox boolean d
TimeZoneSidKey string:40 d
DefaultLocaleSidKey string:40 d
CreatedDate datetime d
SystemModstamp datetime d
""",
    "NPS_Response__c|a0B|NPS Response|NPS Responses": f"""
Id id d
OwnerId ref:User cud
IsDeleted boolean d
Name string:80 d "NPS Response Number"
{_STAMPS.strip()}
Response_Key__c string:40 cunxq
Contact__c ref:Contact cun
Account__c ref:Account cun
Case__c ref:Case cun
Score__c double cun
Category__c picklist:Category! cun
Comment__c textarea:32768 cun
Responded_At__c datetime cun
Survey__c string:255 cun
Note__c textarea:32768 cun
Legacy_Code__c string:40 cunx
""",
}

# The values of each picklist; the first is the default where the field has one.
PICKLISTS: dict[str, tuple[str, ...]] = {
    "AccountType": ("Customer - Direct", "Customer - Channel", "Prospect", "Former Customer", "Vendor", "Other"),
    "Industry": ("Retail", "Healthcare", "Manufacturing", "Consulting", "Education"),
    "YesNo": ("Yes", "No"),
    "Salutation": ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."),
    "ContactType": ("Decision Maker", "Owner", "End User", "Billing", "Technical"),
    "ContactRole": ("Decision Maker", "Billing", "Project Lead", "Executive Sponsor"),
    "Category": ("Detractor", "Passive", "Promoter"),
    "CaseType": ("Question", "Problem", "Feedback"),
    "CaseStatus": ("New", "Working", "Escalated", "On Hold", "Closed"),
    "CaseReason": ("User needs help", "Feedback", "Complaint", "Other"),
    "CaseOrigin": ("Phone", "Email", "Web", "NPS"),
    "CasePriority": ("Medium", "High", "Low"),
    "TaskStatus": ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"),
    "TaskPriority": ("Normal", "High", "Low"),
    "CampaignType": ("Email", "Webinar", "Survey", "Other"),
    "CampaignStatus": ("Planned", "In Progress", "Completed", "Aborted"),
    "UserType": ("Standard", "AutomatedProcess"),
    "GroupType": ("Queue", "Regular"),
}
# Which values of a status mean that the work is done.
CLOSED = {"CaseStatus": ("Closed",), "TaskStatus": ("Completed",)}
