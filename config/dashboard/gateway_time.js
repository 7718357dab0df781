// gateway_time.js: the gateway's time for what is sent to it. As soon as something live was heard it is the model's (clock.js).
// Before that the broker tells of what it had kept how much is left of it, in whole seconds by a clock of whole seconds:
// that much before its `expiresAt` it is now, or up to a second sooner or later. The earliest of it counts: what would lie
// ahead of the gateway's clock is refused there. Pure.

const KINDS = ["vitals", "settings"];
const BROKER_STEP_MS = 1000;

function fromKept(bed, now) {
  const times = KINDS.map((kind) => bed.message(kind))
    .filter((message) => message !== null && message.expirySeconds !== null)
    .map(({ payload, expirySeconds, arrivedAt }) => payload.expiresAt - expirySeconds * 1000 - BROKER_STEP_MS + (now - arrivedAt));
  return times.length === 0 ? null : Math.max(...times);
}

/** ms by the clock of the bed's gateway; null: not known, so that nothing can be sent. */
export function gatewayTimeOf(ward, bed, now) {
  const gateway = ward.gateways.get(bed?.gateway);
  if (gateway === undefined) return null;
  return gateway.clock.offsetMs === null ? fromKept(bed, now) : gateway.clock.time(now);
}
