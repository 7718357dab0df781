// link.js: the connection to the broker: MQTT 5 over a websocket. The one module that knows MQTT.js.
//
//   connecting ──subscribed──► connected ──closed, or nothing heard──► lost ──subscribed──► connected
//        │                                                               └─ tried again every second, for ever
//        ├──no right to connect──► login    somebody must say who this is, then open() once more
//        └──no right to read────► refused   connected, and the broker lets this board hear nothing
//
// A session is kept for SESSION_S: alerts of a short outage are still told afterwards.
import mqtt from "mqtt";

const RETRY_MS = 1000;
const CONNECT_MS = 5000;
const KEEP_ALIVE_S = 10; // a broker that is gone without a word is lost 15 s later
const SESSION_S = 300;
const REFUSALS = [4, 5, 134, 135]; // bad user name or password, not authorized: MQTT 3.1.1 and 5
const UNREADABLE = "\u0000"; // no payload is this: what is no UTF-8 is told as it

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes) {
  try {
    return utf8.decode(bytes);
  } catch {
    return UNREADABLE;
  }
}

// A browser slows the timers of a page that nobody looks at down to one a minute, which is longer than a broker waits. Those
// of a worker it leaves alone. A worker's script must come with its type, which mosquitto does not tell: so it is made here.
function tick() {
  const timers = new Map();
  self.onmessage = ({ data }) => {
    if (data.set !== undefined) timers.set(data.set, setInterval(() => self.postMessage(data.set), data.ms));
    else clearInterval(timers.get(data.clear));
  };
}

function workerTimer() {
  let next = 1;
  const calls = new Map();
  const script = new Blob([`(${tick})()`], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(script));
  worker.onmessage = ({ data }) => calls.get(data)?.();
  return {
    set(call, ms) {
      const id = next++;
      calls.set(id, call);
      worker.postMessage({ set: id, ms });
      return id;
    },
    clear(id) {
      calls.delete(id);
      worker.postMessage({ clear: id });
    },
  };
}

export class Link {
  #options;
  #client = null;
  #credentials = null;
  #timer = workerTimer();

  /** {url, clientId, will: {topic}, filters: [[filter, QoS]], onMessage(topic, text, meta), onState(state)} */
  constructor(options) {
    this.#options = options;
  }

  /** `credentials` {username, password}, or null. */
  open(credentials) {
    const { url, clientId, will } = this.#options;
    this.#credentials = credentials;
    this.#client?.end(true);
    const client = mqtt.connect(url, {
      protocolVersion: 5,
      clientId,
      clean: false,
      properties: { sessionExpiryInterval: SESSION_S },
      keepalive: KEEP_ALIVE_S,
      reconnectPeriod: RETRY_MS,
      connectTimeout: CONNECT_MS,
      resubscribe: false,
      queueQoSZero: false,
      timerVariant: this.#timer,
      will: { topic: will.topic, payload: "", qos: 1, retain: true },
      ...(credentials ?? {}),
    });
    this.#client = client;
    client.on("connect", () => this.#subscribe(client));
    client.on("close", () => this.#tell(client, "lost"));
    client.on("error", (error) => this.#fail(client, error));
    client.on("message", (topic, bytes, packet) => this.#hear(client, topic, bytes, packet));
  }

  /** The connection that stands may be one of long ago: begin anew. */
  restart() {
    if (this.#client === null) return;
    this.#options.onState("lost");
    this.open(this.#credentials);
  }

  get isConnected() {
    return this.#client?.connected ?? false;
  }

  /** Resolves when the broker has it; rejects when it cannot be sent now. Nothing waits for a broker to come back. */
  publish(topic, text, { retain = false, expiresMs = null } = {}) {
    if (!this.isConnected) return Promise.reject(new Error("no broker"));
    const properties = expiresMs === null ? {} : { messageExpiryInterval: Math.ceil(expiresMs / 1000) };
    return this.#client.publishAsync(topic, text, { qos: 1, retain, properties });
  }

  async #subscribe(client) {
    const wanted = Object.fromEntries(this.#options.filters.map(([filter, qos]) => [filter, { qos }]));
    try {
      const granted = await client.subscribeAsync(wanted);
      this.#tell(client, granted.every(({ qos }) => qos < 128) ? "connected" : "refused");
    } catch {
      if (client.connected) this.#tell(client, "refused");
    }
  }

  #fail(client, error) {
    if (client !== this.#client || !REFUSALS.includes(error?.code)) return; // "close" comes with it, and another try
    this.#client = null;
    client.end(true);
    this.#options.onState("login");
  }

  #hear(client, topic, bytes, packet) {
    if (client !== this.#client) return;
    const left = packet.properties?.messageExpiryInterval;
    this.#options.onMessage(topic, bytes.length === 0 ? "" : decode(bytes), {
      retained: packet.retain,
      expirySeconds: Number.isFinite(left) ? left : null,
    });
  }

  #tell(client, state) {
    if (client === this.#client) this.#options.onState(state);
  }
}
