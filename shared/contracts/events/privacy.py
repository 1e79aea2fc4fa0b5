"""What events says and is asked about one person's data."""

from shared.contracts.privacy import MemberErased, PersonalData, PersonalDataView


class PersonalDataInEvents(PersonalData, wire="qry.events.personal_data.v1", reply=PersonalDataView):
    """Their registrations."""


class MemberErasedInEvents(MemberErased, wire="events.member_erased.v1"):
    """Seats and places in queues of seminars to come are given up."""
