"use strict";

// The server repeats its message every second: who hears nothing for this long has lost it.
const SILENCE_MS = 4000;
const CONNECTING_MS = 15000;
const AGAIN_MS = 3000;

const at = (id) => document.getElementById(id);
const say = (id, text) => {
  // Writing the same text again would have a screen reader read it again.
  if (at(id).textContent !== text) at(id).textContent = text;
};

let events = null;
let labels = [];
let version = null;
let heard = 0;
let asking = null;
let asked = 0;
let drawn = Date.now();
let smooth = null;
let seen = null;

// --- the connection ---

function connect() {
  disconnect();
  heard = Date.now();
  events = new EventSource("events");
  events.addEventListener("about", (message) => showAbout(JSON.parse(message.data)));
  events.addEventListener("state", (message) => {
    heard = Date.now();
    show(JSON.parse(message.data));
  });
  events.onerror = () => {
    // A browser retries by itself where the connection broke, and gives up where it was refused.
    const refused = events && events.readyState === EventSource.CLOSED;
    lost(refused ? null : "No connection to the camera. Trying again …");
    if (refused) explain();
  };
  keepPictures(events);
}

function disconnect() {
  if (events) events.close();
  if (asking) asking.abort();
  events = asking = null;
}

async function explain() {
  const told = { 401: "The token is no longer the right one: open the address that edgefmnist " +
      "printed when it last started.",
    503: "As many viewers as are served at once are watching. Trying again …" };
  let why = "No connection to the camera. Trying again …";
  try {
    const answer = await fetch("events", { method: "HEAD", cache: "no-store" });
    why = told[answer.status] || why;
  } catch { /* nobody answers */ }
  if (!events || events.readyState !== EventSource.CLOSED) return;
  lost(why);
  setTimeout(() => { if (!document.hidden) connect(); }, AGAIN_MS);
}

function lost(why) {
  if (why) say("trouble", why);
  at("trouble").hidden = !why;
  badge("lost", "no connection");
  veil("no connection", "the last picture that came");
}

setInterval(() => {
  const silent = Date.now() - heard;
  if (!events || silent < SILENCE_MS) return;
  lost("Nothing was heard from the camera for some seconds. Trying again …");
  const open = events.readyState === EventSource.OPEN;
  const connecting = events.readyState === EventSource.CONNECTING;
  if (open || (connecting && silent > CONNECTING_MS)) connect();
}, 1000);

setInterval(() => {
  if (asking && Date.now() - asked > SILENCE_MS) asking.abort();
}, 1000);

document.addEventListener("visibilitychange", () => {
  // Nobody sees it: no traffic on a phone in a pocket, and a place for another viewer.
  if (document.hidden) disconnect();
  else connect();
});

// --- the picture ---

// Read here and not by an <img>: that one says nothing when its stream breaks off, and goes on
// showing an old picture as if it were live.
async function keepPictures(connection) {
  while (events === connection) {
    asking = new AbortController();
    asked = Date.now();
    try {
      await showPictures(asking.signal);
    } catch { /* asked for again */ }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function showPictures(signal) {
  const answer = await fetch("stream.mjpg", { signal, cache: "no-store" });
  if (!answer.ok) return;
  const reader = answer.body.getReader();
  let held = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const joined = new Uint8Array(held.length + value.length);
    joined.set(held);
    joined.set(value, held.length);
    const { jpeg, rest } = newest(joined);
    held = rest;
    if (jpeg) await draw(jpeg);
  }
}

// The last whole part of a multipart body, and what follows it.
function newest(body) {
  let jpeg = null;
  for (;;) {
    const head = /content-length: (\d+)\r\n\r\n/i.exec(
      String.fromCharCode(...body.subarray(0, 200)));
    const start = head ? head.index + head[0].length : Infinity;
    const end = head ? start + Number(head[1]) : Infinity;
    if (body.length < end) return { jpeg, rest: body };
    jpeg = body.subarray(start, end);
    body = body.subarray(end);
  }
}

async function draw(jpeg) {
  const bitmap = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
  const canvas = at("picture");
  if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
  if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  asked = drawn = Date.now();
}

function veil(title, text) {
  document.body.classList.toggle("old", Boolean(title));
  at("veil").hidden = !title;
  say("announced", title ? "Last announced" : "Announced");
  if (!title) return;
  const strong = document.createElement("strong");
  strong.textContent = title;
  at("veil").replaceChildren(strong, text);
}

function badge(kind, text) {
  at("state").className = `badge ${kind}`;
  say("state", text);
}

// --- what is told ---

function showAbout(about) {
  if (version && version !== about.version) location.reload();
  version = about.version;
  labels = about.labels;
  say("source", `source ${about.source}`);
  say("model", `model ${about.model}`);
  at("pages").hidden = at("keeping").hidden = !about.labelling;
  at("bars").replaceChildren(...labels.map((name) => bar(name)), bar("known"));
  at("bars").lastChild.classList.add("known");
}

function bar(name) {
  const line = document.createElement("li");
  for (const part of ["name", "track", "share"]) {
    line.append(Object.assign(document.createElement("span"), { className: part }));
  }
  line.children[0].textContent = line.children[0].title = name;
  line.children[1].append(Object.assign(document.createElement("div"), { className: "fill" }));
  return line;
}

function show(now) {
  at("trouble").hidden = true;
  badge(now.state, now.state);
  if (now.live && Date.now() - drawn < SILENCE_MS) veil();
  else if (now.live) veil("no picture", "It is being asked for.");
  else veil(now.state, `for ${duration(now.for_s)}${now.detail ? `: ${now.detail}` : ""}`);
  say("classified", now.classified.toLocaleString());
  say("dropped", now.dropped.toLocaleString());
  say("restarts", now.restarts.toLocaleString());
  say("uptime", duration(now.uptime_s));
  say("temperature", now.temperature_c === null ? "not told" : `${now.temperature_c.toFixed(1)} °C`);
  say("throttled", now.throttled === null ? "not told" : now.throttled || "none");
  at("throttled").classList.toggle("warn", Boolean(now.throttled));
  if (now.frame) showFrame(now.frame, now.live);
}

function showFrame(frame, live) {
  const announced = frame.announced ?? "–";  // not yet
  say("label", announced);
  at("label").classList.toggle("unknown", frame.announced === "unknown");
  at("label").classList.toggle("long", announced.length > 14);
  say("truth", frame.truth === null ? frame.name : `truth: ${frame.truth}`);
  const title = `${live ? "" : "not live: "}${announced} – edgefmnist camera`;
  if (document.title !== title) document.title = title;
  showBars(frame);
  if (frame.picture !== seen) showSeen(frame.picture);
  showSpeed(frame, live);
  at("background").hidden = frame.background_fits === null;
  say("background", frame.background_fits
    ? "The learned background fits."
    : "The learned background no longer fits: learn it again with --learn-background.");
}

function showBars(frame) {
  const best = frame.unknown ? -1 : frame.scores.indexOf(Math.max(...frame.scores));
  [...at("bars").children].forEach((line, number) => {
    const known = number === labels.length;
    const share = known ? frame.known : frame.scores[number] || 0;
    line.classList.toggle("best", number === best);
    line.querySelector(".fill").style.transform = `scaleX(${share})`;
    line.querySelector(".share").textContent = `${(share * 100).toFixed(1)}%`;
  });
}

function showSeen(picture) {
  seen = picture;
  const context = at("seen").getContext("2d");
  const image = context.createImageData(28, 28);
  const grey = picture ? atob(picture) : "";
  for (let pixel = 0; pixel < 28 * 28; pixel++) {
    const level = grey ? grey.charCodeAt(pixel) : 0;
    image.data.set([level, level, level, 255], 4 * pixel);
  }
  context.putImageData(image, 0, 0);
}

function showSpeed(frame, live) {
  const latest = [frame.capture_ms, frame.preprocess_ms, frame.infer_ms];
  // Digits that change ten times a second cannot be read: they follow with some delay.
  smooth = smooth ? smooth.map((old, part) => old + (latest[part] - old) * 0.15) : latest;
  ["capture", "preprocess", "infer"].forEach((id, part) => {
    say(id, live ? `${smooth[part].toFixed(2)} ms` : "–");
  });
  say("fps", live ? frame.fps.toFixed(1) : "–");
}

async function keep() {
  at("keep").disabled = true;
  let told = { error: "No connection to the camera." };
  try {
    const answer = await fetch("label/keep", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Edgefmnist": "label" },
      body: "{}",
    });
    told = await answer.json();
  } catch { /* nobody answers */ }
  say("kept", told.error || `Frame ${told.frame} waits for its label.`);
  at("keep").disabled = false;
}

at("keep").addEventListener("click", keep);

function duration(seconds) {
  const whole = Math.floor(seconds);
  const parts = [[Math.floor(whole / 86400), "d"], [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
  const first = parts.findIndex(([count]) => count > 0);
  const shown = first < 0 ? parts.slice(3) : parts.slice(first, first + 2);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(" ");
}

if (!document.hidden) connect();
