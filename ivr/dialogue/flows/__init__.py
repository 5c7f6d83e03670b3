"""Self-service tasks, one per file, and the table that names them."""

from ivr.dialogue.flows.balance import BALANCE
from ivr.dialogue.flows.callback import CALLBACK
from ivr.dialogue.flows.debt import DEBT
from ivr.dialogue.flows.disconnecting import DISCONNECTING
from ivr.dialogue.flows.flow import Flow
from ivr.dialogue.flows.last_charges import LAST_CHARGES
from ivr.dialogue.flows.last_payment import LAST_PAYMENT, PAYMENT_MISSING
from ivr.dialogue.flows.outage import OUTAGE
from ivr.dialogue.flows.own_number import OWN_NUMBER
from ivr.dialogue.flows.promised_payment import PROMISED_PAYMENT
from ivr.dialogue.flows.services import SERVICES, TARIFF_AND_SERVICES
from ivr.dialogue.flows.tariff import PACKAGES, TARIFF
from ivr.dialogue.flows.trouble import CALLS, HOME_INTERNET, MOBILE_INTERNET, TELEVISION
from ivr.dialogue.intents import FlowName

FLOWS: dict[FlowName, Flow] = {
    FlowName.BALANCE: BALANCE,
    FlowName.DEBT: DEBT,
    FlowName.TARIFF: TARIFF,
    FlowName.TARIFF_AND_SERVICES: TARIFF_AND_SERVICES,
    FlowName.PACKAGES: PACKAGES,
    FlowName.SERVICES: SERVICES,
    FlowName.DISCONNECTING: DISCONNECTING,
    FlowName.PROMISED_PAYMENT: PROMISED_PAYMENT,
    FlowName.LAST_PAYMENT: LAST_PAYMENT,
    FlowName.PAYMENT_MISSING: PAYMENT_MISSING,
    FlowName.LAST_CHARGES: LAST_CHARGES,
    FlowName.OUTAGE: OUTAGE,
    FlowName.MOBILE_INTERNET: MOBILE_INTERNET,
    FlowName.CALLS: CALLS,
    FlowName.HOME_INTERNET: HOME_INTERNET,
    FlowName.TELEVISION: TELEVISION,
    FlowName.OWN_NUMBER: OWN_NUMBER,
    FlowName.CALLBACK: CALLBACK,
}
