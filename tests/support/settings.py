"""The settings of every process there is."""

from services.booking.settings import Settings as BookingSettings
from services.events.settings import Settings as EventsSettings
from services.gateway.settings import GatewaySettings
from services.members.settings import Settings as MembersSettings
from services.notify.settings import Settings as NotifySettings
from shared.kit.settings import KitSettings

SETTINGS: dict[str, type[KitSettings]] = {
    "booking": BookingSettings,
    "members": MembersSettings,
    "events": EventsSettings,
    "notify": NotifySettings,
    "gateway": GatewaySettings,
}
