"""Subject → handler."""

from services.events.handlers.http_door import HttpDoor
from services.events.handlers.registering import Registering
from services.events.handlers.tending import Tending
from services.events.queries import PersonalQueries, RegistrationQueries, SeminarQueries, SiteQueries
from shared.contracts import events as contract
from shared.kit.service import Service


def subscribe_registrations(
    service: Service, registering: Registering, views: RegistrationQueries, personal: PersonalQueries
) -> None:
    service.command(contract.Register)(registering.register)
    service.command(contract.CancelRegistration)(registering.cancel)
    service.command(contract.GetRegistration)(views.get)
    service.command(contract.PersonalDataInEvents)(personal.personal_data)


def subscribe_seminars(service: Service, seminars: SeminarQueries) -> None:
    service.command(contract.GetSeminar)(seminars.get)
    service.command(contract.ListSeminars)(seminars.page)


def subscribe_sites(service: Service, door: HttpDoor, tending: Tending, views: SiteQueries) -> None:
    service.command(contract.Ingest)(door.ingest)
    service.command(contract.ReplayQuarantined)(tending.replay)
    service.command(contract.DiscardQuarantined)(tending.discard)
    service.command(contract.ListQuarantine)(views.page)
