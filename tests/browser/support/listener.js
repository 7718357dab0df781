// A client of the broker: hears all of the ward's topics, says whatever a test wants said.
import mqtt from 'mqtt';

import { waitFor } from './processes.js';

export class Listener {
    constructor(port, base) {
        this.base = base;
        this.heard = []; // {topic (behind the base), text, at (performance.now)}
        this.client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, reconnectPeriod: 200 });
        this.client.on('error', () => {}); // it tries again
        this.client.on('message', (topic, bytes) =>
            this.heard.push({ topic: topic.slice(base.length + 1), text: bytes.toString(), at: performance.now() }));
    }

    async open() {
        await waitFor('the listener is at the broker', () => this.client.connected);
        await this.client.subscribeAsync(`${this.base}/#`, { qos: 1 });
    }

    // An object is sent as JSON and expires as it says (unless `expires` is false), anything else goes as it is.
    async say(topic, payload, { expires = true, ...options } = {}) {
        const isBytes = typeof payload === 'string' || Buffer.isBuffer(payload);
        const lifeMs = Date.parse(payload.expires_at) - Date.parse(payload.at);
        const properties = expires && lifeMs > 0 && lifeMs < 1e9 ? { messageExpiryInterval: Math.ceil(lifeMs / 1000) } : undefined;
        await this.client.publishAsync(`${this.base}/${topic}`, isBytes ? payload : JSON.stringify(payload),
            { qos: 1, retain: true, properties, ...options });
    }

    // The newest payload of a topic; undefined: none, or empty.
    newest(topic) {
        const last = this.heard.findLast((one) => one.topic === topic);
        return last && last.text !== '' ? JSON.parse(last.text) : undefined;
    }

    all(topic) {
        return this.heard.filter((one) => one.topic === topic && one.text !== '').map((one) => JSON.parse(one.text));
    }

    async close() {
        await this.client.endAsync(true);
    }
}
