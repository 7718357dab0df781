// banners.js: what concerns the screen as a whole, above all beds: it has lost the broker, a gateway is lost, clocks differ.
import { element, setAttribute, setText, Keyed } from "./dom.js";
import { duration, text } from "./texts.js";
import { priorityMark, alarmText } from "./tile.js";

function makeBanner(banner) {
  const title = element("strong", {});
  const detail = element("span", {});
  const node = element("div", { class: "banner", "data-banner": banner.name }, priorityMark(banner.priority), title, detail);
  return {
    node,
    update(now) {
      setAttribute(node, "data-priority", now.priority);
      setText(title, now.title);
      setText(detail, now.detail);
    },
  };
}

function ofConnection({ state, since }, now) {
  const time = duration(now - since);
  if (state === "lost") {
    return [{ name: "broker-lost", priority: "high", title: text("link.lost"), detail: text("link.lost_since", { time }) }];
  }
  if (state === "refused") {
    return [{ name: "broker-refused", priority: "high", title: text("link.refused"), detail: text("link.refused_long") }];
  }
  if (state === "connecting" && now - since > 1500) {
    return [{ name: "broker-wait", priority: "low", title: text("link.connecting"), detail: "" }];
  }
  return [];
}

// Its beds are as little watched as those of one that is lost; only that it is no fault is told.
const ENDED = ["stopped", "shutdown", "update"];

function ofGateway(gateway, now) {
  const state = gateway.state(now);
  if (state === "moved") {
    const title = text("gateway.moved");
    return [{ name: "gateway-lost", key: gateway.id, priority: "high", title: `${gateway.id}: ${title}`, detail: text("gateway.moved_long") }];
  }
  if (state === "lost") {
    const name = ENDED.includes(gateway.reason) ? `gateway.${gateway.reason}` : "gateway.lost";
    const detail = text(`${name}_long`, { gateway: gateway.id });
    return [{ name: "gateway-lost", key: gateway.id, priority: "high", title: text(name), detail }];
  }
  return [...gateway.alarms.values()]
    .filter((alarm) => alarm.priority !== "none")
    .map((alarm) => ({
      name: "gateway-alarm",
      key: `${gateway.id} ${alarm.name}`,
      priority: alarm.priority,
      title: `${gateway.id}: ${alarmText(alarm)}`,
      detail: [alarm.advice, standsFor(alarm)].filter((part) => part !== "").join(" · "),
    }));
}

function standsFor({ standsFor: beds, standsForMore: more }) {
  if (beds.length === 0) return "";
  return text("gateway.stands_for", { beds: beds.join(", ") + (more > 0 ? ` +${more}` : "") });
}

function ofClock(gateway) {
  if (!gateway.clock.isOff()) return [];
  const time = duration(Math.abs(gateway.clock.offsetMs));
  const key = gateway.clock.offsetMs > 0 ? "clock.slow" : "clock.fast";
  return [{ name: "clock-off", key: gateway.id, priority: "low", title: text("clock.off"), detail: text(key, { time, gateway: gateway.id }) }];
}

/** Every banner that is to be there at this instant, the most urgent first. Pure. */
export function listBanners(ward, now) {
  const link = ofConnection(ward.connection, now);
  if (link.length > 0) return link;
  const gateways = [...ward.gateways.values()];
  const clock = gateways.flatMap(ofClock).slice(0, 1);
  const rank = { high: 0, medium: 1, low: 2 };
  return [...gateways.flatMap((gateway) => ofGateway(gateway, now)), ...clock].sort((a, b) => rank[a.priority] - rank[b.priority]);
}

const MOST = 4;

export class Banners {
  #list;

  constructor(node) {
    this.#list = new Keyed(node, makeBanner);
  }

  update(ward, now) {
    const banners = listBanners(ward, now);
    const shown = banners.slice(0, MOST);
    if (banners.length > MOST) {
      shown.push({ name: "more", priority: "low", title: text("tile.more", { n: banners.length - MOST }), detail: "" });
    }
    this.#list.update(shown, (banner) => `${banner.name} ${banner.key ?? ""}`);
  }
}
