// A message of wardgate's topics (<root>/<site>/<ward>/...) into what is known of the ward (flow context `ward`). Out comes a
// message when an alarm or a gateway has changed, so that it is shown at once; values wait for the second.
const ENDED_MAX = 50;
const SEEN_MAX = 1000;
const BYTES_MAX = 200000;

const state = flow.get('ward') || { beds: {}, alarms: {}, gateways: {}, history: [], seen: [], faults: 0, fault: '' };
const now = Date.now();
const topic = String(msg.topic);
const parts = topic.split('/');
const place = parts.slice(0, 4).join('/');

function refuse(why) {
    state.faults += 1;
    state.fault = topic.slice(0, 120) + ': ' + why;
    flow.set('ward', state);
    return null;
}

// Until when it counts: by the time that the broker says is left (MQTT 5), which asks for no clock; else by its own word.
function until(payload) {
    const left = Number(msg.messageExpiryInterval);
    const said = Date.parse(payload.expires_at);
    return left > 0 ? now + left * 1000 : Number.isNaN(said) ? 0 : said;
}

function text(value, most) {
    return typeof value === 'string' ? value.slice(0, most || 400) : '';
}

function read() {
    if (typeof msg.payload !== 'string' || msg.payload.length > BYTES_MAX) {
        return undefined;
    }
    if (msg.payload === '') {
        return null; // retained no more
    }
    try {
        const payload = JSON.parse(msg.payload);
        return payload !== null && typeof payload === 'object' && !Array.isArray(payload) ? payload : undefined;
    } catch (fault) {
        return undefined;
    }
}

function takeVitals(payload) {
    if (payload === null) {
        delete state.beds[place];
        return false;
    }
    const values = {};
    for (const [key, value] of Object.entries(payload)) {
        if (typeof value === 'number' && Number.isFinite(value)) {
            values[key] = value;
        }
    }
    const invalid = payload.invalid !== null && typeof payload.invalid === 'object' ? payload.invalid : {};
    state.beds[place] = {
        bed: parts[3], ward: parts[2], gateway: text(payload.gateway, 64), stay: text(payload.stay, 64), values,
        invalid: Object.fromEntries(Object.entries(invalid).map(([key, why]) => [key, text(why, 32)])), until: until(payload),
    };
    return false;
}

function takeAlarm(payload) {
    if (payload === null || payload.state === 'ended') {
        delete state.alarms[topic];
        return true;
    }
    const isOfGateway = parts[3] === 'gateway';
    state.alarms[topic] = {
        place: isOfGateway ? '' : place, bed: isOfGateway ? parts[4] : parts[3], ward: parts[2],
        gateway: isOfGateway ? parts[4] : text(payload.gateway, 64),
        name: text(payload.rule, 64), priority: text(payload.priority, 16), text: text(payload.text), advice: text(payload.advice),
        state: text(payload.state, 16), inactivation: text(payload.inactivation, 32), stay: text(payload.stay, 64),
        partOf: payload.part_of !== null && typeof payload.part_of === 'object' ? text(payload.part_of.rule, 64) : '',
        raisedAt: text(payload.raised_at, 32), test: payload.test === true, until: until(payload),
    };
    return true;
}

// Each once: an alert may come twice, never under another name.
function takeAlert(payload) {
    if (payload === null) {
        return false;
    }
    const name = [payload.epoch, payload.id, payload.rev].join(' ');
    if (state.seen.includes(name)) {
        return false;
    }
    state.seen = state.seen.concat(name).slice(-SEEN_MAX);
    state.history = [{
        at: text(payload.at, 32), bed: parts[3] === 'gateway' ? parts[4] : parts[3], phase: text(payload.phase, 16),
        priority: text(payload.priority, 16), text: text(payload.text), late: Boolean(payload.delivery && payload.delivery.late),
    }].concat(state.history).slice(0, ENDED_MAX);
    return true;
}

function takeGateway(leaf, payload) {
    const gateway = Object.hasOwn(state.gateways, parts[4]) ? state.gateways[parts[4]] : { online: false, until: 0 };
    if (leaf === 'status') {
        gateway.online = payload !== null && payload.state === 'online';
        gateway.moved = payload !== null && payload.state === 'moved';
    } else {
        gateway.until = payload !== null ? until(payload) : 0;
    }
    state.gateways[parts[4]] = gateway;
    return leaf === 'status';
}

const payload = read();
const isOfGateway = parts[3] === 'gateway';
const leaf = isOfGateway ? parts[5] : parts[4];
const takes = { vitals: takeVitals, alarm: takeAlarm, alert: takeAlert };
if (parts.length < 5 || (isOfGateway && parts.length < 6)) {
    return null;
}
if (payload === undefined) {
    return refuse('is not what wardgate sends');
}
if (isOfGateway && !/^[A-Za-z][A-Za-z0-9_-]*$/.test(parts[4])) {
    return refuse('is of no gateway'); // such as __proto__, which is no key of an object
}
if (payload !== null && payload.schema !== '1') {
    return refuse('is of another version');
}
let changed = false;
if (isOfGateway && (leaf === 'status' || leaf === 'health')) {
    changed = takeGateway(leaf, payload);
} else if (Object.hasOwn(takes, leaf)) {
    changed = takes[leaf](payload);
}
flow.set('ward', state);
return changed ? { topic: 'changed' } : null;
