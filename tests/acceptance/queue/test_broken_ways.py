"""A proxy that answers 503 for a while: nobody has to log in again when it works."""

from itertools import pairwise
from pathlib import Path

from ivr.queue.model import ContactState, Operator, OperatorId, OperatorState
from ivr.testing.raw_phone import Message, RawPhone
from tests.acceptance.queue.support import queue_of, service_with_queue, wait_in_line
from tests.acceptance.support import Records

CALLER = "9030000001"
RETRY_S, LONGEST_S = 2, 4
FAILURES = 3


async def next_invite(proxy: RawPhone, last: Message | None) -> Message:
    return await proxy.request("INVITE", after=0.0 if last is None else last.at + 0.01, wait_s=20.0)


async def test_a_caller_gets_through_once_the_way_to_the_operator_works_again(
    tmp_path: Path, phone
):
    proxy = await RawPhone.open()
    anna = OperatorId("anna")
    async with queue_of(tmp_path) as queue:
        await queue.store.save_operator(
            Operator(operator_id=anna, target=f"sip:anna@{proxy.address}")
        )
        await queue.store.log_in(anna)
        async with (
            service_with_queue(
                tmp_path,
                phone,
                IVR_QUEUE__UNREACHED_RETRY_S=RETRY_S,
                IVR_QUEUE__UNREACHED_RETRY_MAX_S=LONGEST_S,
                IVR_QUEUE__WHISPER="false",
                IVR_MEDIA__RTP_TIMEOUT_S=60,  # the proxy sends no audio
                IVR_NLU__URL="http://127.0.0.1:9",  # keys will do
            ) as service,
            await phone.call(service.sip, caller=CALLER) as call,
        ):
            await wait_in_line(call)
            invites: list[Message] = []
            for _ in range(FAILURES):
                invites.append(await next_invite(proxy, invites[-1] if invites else None))
                proxy.respond(invites[-1], 503, "Service Unavailable")
                await queue.has_state("anna", OperatorState.PAUSED)
                contact = await queue.waits(CALLER, state=ContactState.WAITING)
            assert "ivr_queue_operators_unreached 1.0" in await Records(service).text("/metrics")
            invites.append(await next_invite(proxy, invites[-1]))
            pauses = [later.at - earlier.at for earlier, later in pairwise(invites)]
            assert min(pauses) > RETRY_S * 0.9  # no storm of dials
            assert min(pauses[1:]) > LONGEST_S * 0.9
            proxy.respond(invites[-1], 180, "Ringing")
            proxy.respond(invites[-1], 200, "OK", body=proxy.sdp())
            joined = await queue.waits(CALLER, state=ContactState.CONNECTED)
            assert joined.contact_id == contact.contact_id
            operator = await queue.store.operator(anna)
            assert operator is not None
            assert (operator.state, operator.misses) == (OperatorState.ON_CALL, 0)
            assert "operator anna not reached (operator_unreachable)" in service.log_text()
            proxy.in_dialog("BYE", invites[-1], 1)
            await call.ended()
    proxy.close()
