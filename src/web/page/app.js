// Draws the run from server-sent events and sends commands. Whatever comes from elsewhere is put
// into the page as text, never as markup.
"use strict";

const $ = (id) => document.getElementById(id);
const TOKEN = "cartload-token";
const SILENCE_MAX_MS = 40000; // the server says something every 15 s
let picture = null;
let lastEvent = 0;
let reading = new AbortController();

/* words and numbers */
const grouped = (n) => Math.round(n).toLocaleString("en-US");
const decimal = (n, digits) => n.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const seconds = (s) => (Math.abs(s) < 99.95 ? decimal(s, 1) + " s" : long(s));
const millis = (ms) => (ms < 999.5 ? Math.round(ms) + " ms" : seconds(ms / 1000));
function long(s) {
  s = Math.max(0, Math.round(s));
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([size]) => s >= size);
  if (first < 0) return "0 s";
  const two = parts.slice(first, first + 2).map(([size, unit]) => {
    const n = Math.floor(s / size);
    s -= n * size;
    return n ? n + " " + unit : "";
  });
  return two.filter(Boolean).join(" ");
}
const utc = (text) => new Date(text + "Z");
const day = (date) => date.toLocaleString("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const clock = (date) => date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
const clockHere = (date) => date.toLocaleTimeString("en-GB");

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
function put(name, text) {
  for (const element of document.querySelectorAll(`[data-f="${name}"]`)) {
    if (element.textContent !== text) element.textContent = text;
  }
}

/* drawing */
function spark(id, values, top, limit) {
  const svg = $(id);
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const max = Math.max(top, ...values, 1e-9) * 1.08;
  const y = (value) => (height - 1 - (Math.max(0, value) / max) * (height - 2)).toFixed(2);
  const x = (index) => ((index / Math.max(1, values.length - 1)) * width).toFixed(2);
  const line = values.map((value, index) => `${index ? "L" : "M"}${x(index)} ${y(value)}`).join("");
  svg.querySelector(".line").setAttribute("d", values.length > 1 ? line : "");
  svg.querySelector(".area").setAttribute("d", values.length > 1 ? `${line}L${width} ${height}L0 ${height}Z` : "");
  const mark = svg.querySelector(".limit");
  if (mark) mark.setAttribute("d", limit ? `M0 ${y(limit)}H${width}` : "");
}

function time(status) {
  const at = utc(status.simulated_at);
  put("simulated_at", `${day(at)}, ${clock(at)}`);
  const planned = status.cycles_planned;
  const replay = status.replay > 0 ? `, replay ${status.replay}` : "";
  put("cycle", planned === null ? `cycle ${grouped(status.cycle)}, until stopped${replay}` : `cycle ${grouped(status.cycle)} of ${grouped(planned)}${replay}`);
  put("eta", status.eta_s === null ? "" : `${long(status.eta_s)} to go`);
  const bar = $("progress");
  bar.classList.toggle("open", planned === null);
  const share = planned ? Math.min(1, status.cycle / planned) : 0;
  bar.firstElementChild.style.width = planned === null ? "" : `${share * 100}%`;
  if (planned === null) bar.removeAttribute("aria-valuenow");
  else bar.setAttribute("aria-valuenow", Math.round(share * 100));

  put("lateness", seconds(status.lateness_ms / 1000));
  const history = status.lateness_history_ms;
  const before = history.length > 1 ? history[Math.max(0, history.length - 6)] : status.lateness_ms;
  const change = status.lateness_ms - before;
  put("late_trend", Math.abs(change) < 100 ? "steady" : change > 0 ? "↗ growing" : "↘ catching up");
  spark("late-spark", history, 1000);
  put("interval", status.interval_ms ? `a cycle takes at least ${seconds(status.interval_ms / 1000)}` : "as fast as work allows");
}

function agents(status) {
  const underWay = status.current.released > 0 || !status.last;
  const now = underWay ? status.current : status.last.counts;
  const skipped = now.skipped_session_down + now.skipped_quarantined;
  const kinds = [
    ["completed", "ordered", now.completed], ["abandoned", "abandoned", now.abandoned],
    ["browsed", "browsing", now.browsed], ["idle", "idle", now.idle], ["failed", "failed", now.failed],
    ["skipped", "skipped", skipped], ["out", underWay ? "still out" : "unfinished", underWay ? status.outstanding : now.unfinished],
  ];
  put("shown_cycle", underWay ? `Cycle ${grouped(status.cycle)}, under way` : `Cycle ${grouped(status.last.cycle)}, closed`);
  const last = status.last;
  put("last_cycle", last ? `cycle ${grouped(last.cycle)}: ${grouped(last.volume.requests)} calls at ${decimal(last.requests_per_second, 1)} a second, ${grouped(last.volume.orders)} orders${last.broken ? ", broken" : ""}` : "");
  put("released", grouped(now.released));
  put("agents", grouped(status.agents));
  const stack = $("stack"), legend = $("legend");
  if (!stack.children.length) {
    for (const [kind] of kinds) {
      stack.append(make("i", { class: `k-${kind}` }));
      legend.append(make("li", {}, make("i", { class: `k-${kind}`, "aria-hidden": "true" }), make("span", { "data-f": `word_${kind}` }), make("b", { "data-f": `now_${kind}` })));
    }
  }
  kinds.forEach(([kind, word, n], index) => {
    put(`word_${kind}`, word);
    stack.children[index].style.flexGrow = n;
    stack.children[index].hidden = n === 0;
    put(`now_${kind}`, grouped(n));
  });
}

function sums(status) {
  const { counts, volume } = status.totals;
  put("orders", grouped(volume.orders));
  put("revenue", decimal(volume.revenue_cents / 100, 2));
  put("flows", grouped(counts.shopped + counts.browsed));
  put("flows_sub", `${grouped(counts.abandoned)} abandoned, ${grouped(counts.browsed)} browsed`);
  put("events", grouped(volume.events));
  put("cycles_completed", grouped(status.totals.cycles_completed));
  put("cycles_sub", `${grouped(status.totals.broken_cycles)} broken, ${grouped(status.totals.replayed_cycles)} replayed`);
  put("failed_total", grouped(counts.failed));
  put("failed_sub", `${grouped(counts.idle)} idle, ${grouped(counts.skipped_session_down + counts.skipped_quarantined)} skipped`);
}

function requests(status) {
  const limit = status.rate_limit;
  put("rps", grouped(status.requests_per_second));
  put("limit", limit === null ? "no limit" : `limit ${limit}`);
  put("rps_max", grouped(status.requests_max_in_1s));
  put("waiting", grouped(status.waiting_for_permit));
  const most = status.calls_in_flight_max;
  const held = status.held_back ? `, held back: answers take ${millis(status.answer_ms)}` : "";
  put("in_flight", `${grouped(status.calls_in_flight)}${most === null ? "" : ` of ${grouped(most)}`}${held}`);
  put("requests", grouped(status.requests_sent));
  put("requests_closed", grouped(status.totals.volume.requests));
  spark("rate-spark", status.requests_history, limit || 0, limit);

  for (const [id, span] of [["rolling", status.rolling], ["whole-run", status.whole_run]]) {
    const rows = ["service", "queued", "felt"].map((by) => make("tr", { "data-clock": by },
      make("th", { scope: "row" }, by),
      ...["p50", "p95", "p99"].map((p) => make("td", {}, millis(span[by][p])))));
    $(id).tBodies[0].replaceChildren(...rows);
  }
}

function sessions(status) {
  const words = { up: ["●", "up"], in_doubt: ["◐", "in doubt"], down: ["✕", "down"] };
  const count = Math.max(10, status.sessions.length);
  const cells = [];
  for (let id = 0; id < count; id++) {
    const session = status.sessions.find((one) => one.id === id);
    const [mark, word] = session ? words[session.standing] : ["○", "unused"];
    const said = session ? `HTTP session ${id} is ${word}: ${grouped(session.answered)} answered, ${grouped(session.faults)} faults` : `HTTP session ${id} is unused`;
    cells.push(make("li", { class: session ? session.standing : "unused", title: said },
      make("span", { class: "mark" }, `${mark} ${word}`),
      make("b", {}, session ? grouped(session.answered) : "–"),
      session && session.faults ? `${grouped(session.faults)} faults` : `no. ${id}`));
  }
  $("cells").replaceChildren(...cells);
}

function health(status) {
  put("breaker", `${grouped(status.failures)} of ${grouped(status.failures_allowed)} allowed`);
  put("restarts", grouped(status.totals.restarts));
  const shown = status.quarantined.slice(0, 3).join(", ");
  put("quarantined", status.quarantined.length ? `${status.quarantined.length}: ${shown}${status.quarantined.length > 3 ? " …" : ""}` : "none");
  const pool = status.pool;
  put("pool", pool.max ? `${pool.open - pool.idle} busy of ${pool.open} open, at most ${pool.max}${pool.waiting ? `, ${pool.waiting} waiting` : ""}` : "not pooled");
  put("memory", status.memory_bytes === null ? "unknown" : `${decimal(status.memory_bytes / 1048576, 1)} MiB`);
  const age = status.last_checkpoint_at === null ? null : (utc(status.at) - utc(status.last_checkpoint_at)) / 1000;
  put("checkpoint", age === null ? "none yet" : `${long(age)} ago, ${grouped(status.totals.checkpoints)} in all`);
}

function incidents(status) {
  const lines = [...status.incidents].reverse();
  const list = $("incidents");
  $("no-incidents").hidden = lines.length > 0;
  const newest = lines.length ? String(lines[0].number) : "";
  if (list.dataset.newest === newest) return;
  list.dataset.newest = newest;
  list.replaceChildren(...lines.map((line) => make("li", { class: line.kind },
    make("time", { datetime: line.at + "Z" }, clockHere(utc(line.at))),
    make("p", {}, make("span", { class: "kind" }, line.kind.replaceAll("_", " ")), ` · cycle ${grouped(line.cycle)} · ${line.message}`))));
}

function draw() {
  const { status, frozen } = picture;
  const state = status.agents === 0 && status.state === "running" ? "starting" : status.state;
  document.body.dataset.state = state;
  document.title = `${state}, cycle ${status.cycle} · cartload`;
  put("state", state);
  $("frozen").hidden = !frozen;
  const unwell = status.store_trouble ? status.store_trouble.says : status.checkpoint_failed;
  $("unwell").hidden = !unwell;
  put("unwell", unwell || "");
  if (frozen) {
    put("frozen_why", frozen.why);
    put("frozen_look", frozen.look_at);
  }
  for (const part of [time, agents, sums, requests, sessions, health, incidents]) part(status);
  put("run_id", status.run_id);
  put("since", `this process since ${clockHere(utc(status.began_at))}`);
  buttons();
}

/* operating */
const token = () => sessionStorage.getItem(TOKEN) || "";
const headers = () => (token() ? { Authorization: `Bearer ${token()}` } : {});

function buttons() {
  const state = picture ? document.body.dataset.state : "starting";
  const live = ["running", "paused", "freezing", "frozen"].includes(state);
  $("pause").disabled = state !== "running";
  $("resume").disabled = !["paused", "frozen"].includes(state);
  $("checkpoint").disabled = !live;
  $("quit").disabled = !live;
}
function say(text, refused) {
  const answer = $("answer");
  answer.hidden = false;
  answer.textContent = text;
  answer.classList.toggle("refused", Boolean(refused));
}
function showToken(open) {
  $("token-panel").hidden = !open;
  $("key").setAttribute("aria-expanded", String(open));
  if (open) $("token").focus();
}
async function operate(command, button) {
  if (!token()) {
    say("The token is needed for this: its file is web.token in the data directory, unless CARTLOAD_WEB_TOKEN is set.", true);
    showToken(true);
    return;
  }
  button.setAttribute("aria-busy", "true");
  if (command === "Checkpoint" && picture && picture.status.state === "running") say("The checkpoint is written when the cycle ends …");
  if (command === "Resume" && picture && picture.status.state === "frozen") say("The shop is being looked at …");
  try {
    const response = await fetch("/api/command", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers() },
      body: JSON.stringify(command),
    });
    const answer = await response.json();
    say(answer.message, !answer.done);
    if (response.status === 401) showToken(true);
  } catch {
    say("No answer: the process may have ended.", true);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

$("pause").addEventListener("click", (event) => operate("Pause", event.currentTarget));
$("resume").addEventListener("click", (event) => operate("Resume", event.currentTarget));
$("checkpoint").addEventListener("click", (event) => operate("Checkpoint", event.currentTarget));
$("quit").addEventListener("click", () => $("quit-dialog").showModal());
$("quit-not").addEventListener("click", () => $("quit-dialog").close());
for (const [id, when] of [["quit-after", "AfterCycle"], ["quit-now", "Now"]]) {
  $(id).addEventListener("click", () => {
    $("quit-dialog").close();
    operate({ Quit: when }, $("quit"));
  });
}
$("key").addEventListener("click", () => showToken($("token-panel").hidden));
$("token-panel").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, $("token").value.trim());
  $("token").value = "";
  showToken(false);
  say("The token is kept until this tab is closed.");
  reading.abort();
});
$("forget").addEventListener("click", () => {
  sessionStorage.removeItem(TOKEN);
  showToken(false);
  say("The token is forgotten.");
});

/* reading: fetch in place of EventSource, which cannot carry the token */
function link(text, stale) {
  $("link").textContent = text;
  document.body.classList.toggle("stale", stale);
}
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
function take(block) {
  const data = block.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
  if (!data.length) return;
  picture = JSON.parse(data.join("\n"));
  draw();
}
async function read() {
  reading = new AbortController();
  const response = await fetch("/api/events", { headers: headers(), signal: reading.signal });
  if (response.status === 401) {
    showToken(true);
    link("the token is needed to read here", true);
    return;
  }
  if (!response.ok) throw new Error(await response.text());
  const stream = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await stream.read();
    if (done) return;
    lastEvent = Date.now();
    link("live", false);
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    blocks.forEach(take);
  }
}
async function follow() {
  for (;;) {
    try {
      await read();
    } catch { /* the next try says more */ }
    const state = picture && picture.status.state;
    const ended = state === "completed" || state === "stopped";
    if ($("token-panel").hidden) link(ended ? "the run has ended" : "no connection; trying again", !ended);
    await pause(2000);
  }
}
setInterval(() => {
  if (lastEvent && Date.now() - lastEvent > SILENCE_MAX_MS) reading.abort();
}, 5000);
follow();
