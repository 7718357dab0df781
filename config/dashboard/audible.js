// audible.js: the alarms that are on at this instant, for the sound: those of beds and gateways that are heard of, and those
// of this screen itself, which nobody else could tell: it has lost the broker, or a gateway is lost. Pure.

const LOSS = { epoch: "board", kind: "technical", state: "active", inactivation: "none", priority: "medium", partOf: null, test: false };

export function audibleAlarms(ward, now) {
  const { state } = ward.connection;
  if (state === "lost" && ward.gateways.size > 0) return [{ ...LOSS, id: "broker" }];
  if (state !== "connected" || ward.isSettling) return [];
  const alarms = [];
  for (const gateway of ward.gateways.values()) {
    const isThere = gateway.state(now) === "online";
    if (isThere) alarms.push(...gateway.alarms.values());
    else if (gateway.state(now) !== "waiting") alarms.push({ ...LOSS, id: `gateway ${gateway.id}` });
  }
  for (const bed of ward.beds.values()) {
    if (ward.gateways.get(bed.gateway)?.state(now) !== "online") continue;
    for (const alarm of bed.alarms.values()) if (bed.isOfStay(alarm)) alarms.push(alarm);
  }
  return alarms;
}
