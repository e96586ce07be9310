"use strict";

const AGAIN_MS = 5000;
const LOST_MS = 60000;  // without an answer
const MOST = 60;  // frames shown at once
const REMEMBERED = 50;  // changes that can be undone

const at = (id) => document.getElementById(id);
const make = (tag, className, text = "") =>
  Object.assign(document.createElement(tag), { className, textContent: text });
const plural = (count, one, many) => (count === 1 ? one : `${count} ${many}`);
const percent = (share) => `${Math.round(share * 100)} %`;

const tiles = new Map();  // by frame, in the order shown
const chosen = new Set();
let marked = null;
let anchor = null;  // where a range begins
let version = "";
let classes = [];
let asking = 0;
let changes = JSON.parse(sessionStorage.getItem("changes") || "[]");

// --- what is asked of the camera ---

async function ask(path, told) {
  const options = told === undefined ? { cache: "no-store" } : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Edgefmnist": "label" },
    body: JSON.stringify(told),
  };
  let answer;
  try {
    answer = await fetch(path, { ...options, signal: AbortSignal.timeout(LOST_MS) });
  } catch {
    return { status: 0, told: { error: "No connection to the camera. Trying again …" } };
  }
  if (answer.status === 401) {
    return { status: 401, told: { error: "The token is no longer the right one: open the address " +
      "that edgefmnist printed when it last started." } };
  }
  const body = await answer.json().catch(() => ({ error: `The camera answers ${answer.status}.` }));
  return { status: answer.status, told: body };
}

async function refresh() {
  const mine = ++asking;
  const { status, told } = await ask(`label/frames?limit=${MOST}&since=${version}`);
  if (mine !== asking) return;  // a newer answer is on its way
  trouble(status === 200 ? "" : told.error);
  if (status !== 200 || !told.frames) return;
  version = told.version;
  show(told);
}

async function keepLooking() {
  // One after the other: at a fixed pace every answer of a slow camera would come too late.
  if (!document.hidden) await refresh();
  setTimeout(keepLooking, AGAIN_MS);
}

function trouble(why) {
  at("trouble").textContent = why || "";
  at("trouble").hidden = !why;
}

// --- the frames ---

function show(told) {
  const there = new Set(told.frames.map((frame) => frame.id));
  // A frame that is not among the first may be there all the same: then none was taken away.
  const whole = told.frames.length === told.total;
  for (const id of [...tiles.keys()]) if (whole && !there.has(id)) remove(id);
  for (const frame of told.frames) {
    // New ones come last, whatever they are worth: nothing moves away under a finger.
    if (!tiles.has(frame.id) && tiles.size < MOST) {
      tiles.set(frame.id, tile(frame));
      at("frames").append(tiles.get(frame.id));
    }
  }
  const shown = tiles.size < told.total ? `, ${tiles.size} shown` : "";
  at("waiting").textContent = told.total
    ? plural(told.total, "One frame to label", "frames to label") + shown : "";
  at("none").hidden = told.total > 0;
  classes = told.classes;
  showClasses();
  mark(tiles.has(marked) ? marked : [...tiles.keys()][0]);
  showChosen();
}

function tile(frame) {
  const card = make("li", "card frame");
  card.dataset.id = frame.id;
  const photo = make("button", "photo");
  photo.type = "button";
  photo.setAttribute("role", "checkbox");
  photo.setAttribute("aria-checked", "false");
  const answer = frame.unknown ? "unknown" : frame.top[0]?.[0] || "unknown";
  photo.setAttribute("aria-label", `Frame of ${frame.time || "unknown time"}, answer ${answer}`);
  photo.append(picture(`label/photo/${frame.id}.jpg`, "", "This picture cannot be read."));
  if (frame.top.length) photo.append(picture(`label/seen/${frame.id}.png`, "seen", ""));
  photo.append(make("span", "tick", "✓"));
  if (frame.why === "kept") photo.append(make("span", "asked", "kept by you"));
  photo.addEventListener("click", (event) => choose(frame.id, event.shiftKey));
  photo.addEventListener("focus", () => mark(frame.id));
  const said = make("div", "said");
  const sure = frame.top.length ? `known ${percent(frame.known)}` : "no garment found";
  said.append(make("strong", frame.unknown ? "unknown" : "", answer), make("span", "", sure));
  const guesses = make("div", "guesses");
  guesses.append(...frame.top.map(([name, share]) => guess(frame.id, name, share)));
  const more = make("div", "more");
  more.append(
    button("None", "", () => label([frame.id], "unknown")),
    button("Other …", "other", () => { if (!chosen.has(frame.id)) choose(frame.id, false); }),
    button("Discard", "", () => throwAway([frame.id])),
  );
  card.append(photo, said, guesses, more);
  return card;
}

function picture(source, className, missing) {
  const image = make("img", className);
  image.loading = "lazy";
  image.alt = "";
  image.addEventListener("error", () => {
    if (missing) image.alt = missing;
    else image.remove();
  });
  image.src = source;
  return image;
}

function guess(id, name, share) {
  const one = button("", "guess", () => label([id], name));
  const fill = make("span", "fill");
  fill.style.transform = `scaleX(${share})`;
  one.append(fill, make("span", "name", name), make("span", "share", percent(share)));
  one.title = `This is: ${name}`;
  return one;
}

function button(text, className, act) {
  const one = make("button", className, text);
  one.type = "button";
  one.addEventListener("click", act);
  return one;
}

function remove(id) {
  const card = tiles.get(id);
  if (!card) return;
  const next = card.nextElementSibling || card.previousElementSibling;
  const held = card.contains(document.activeElement);
  if (marked === id) mark(next ? next.dataset.id : null);
  card.remove();
  tiles.delete(id);
  chosen.delete(id);
  if (held && next) next.querySelector(".photo").focus({ preventScroll: true });
}

// --- which of them are meant ---

function mark(id) {
  tiles.get(marked)?.classList.remove("marked");
  marked = id ?? null;
  tiles.get(marked)?.classList.add("marked");
  showThese();
}

function choose(id, range) {
  const ids = [...tiles.keys()];
  if (range && tiles.has(anchor)) {
    const [first, last] = [ids.indexOf(anchor), ids.indexOf(id)].sort((a, b) => a - b);
    ids.slice(first, last + 1).forEach((one) => chosen.add(one));
  } else {
    if (!chosen.delete(id)) chosen.add(id);
    anchor = id;
  }
  mark(id);
  showChosen();
}

function chooseAll() {
  const all = chosen.size < tiles.size;
  chosen.clear();
  if (all) for (const id of tiles.keys()) chosen.add(id);
  showChosen();
}

function meant() {
  return chosen.size ? [...chosen] : marked ? [marked] : [];
}

function showChosen() {
  for (const [id, card] of tiles) {
    card.classList.toggle("chosen", chosen.has(id));
    card.querySelector(".photo").setAttribute("aria-checked", String(chosen.has(id)));
  }
  at("all").textContent = tiles.size && chosen.size === tiles.size ? "Select none" : "Select all";
  at("all").disabled = !tiles.size;
  at("undo").disabled = !changes.length;
  showThese();
}

function showThese() {
  at("palette").hidden = !tiles.size;
  at("palette").classList.toggle("idle", !chosen.size && at("new").hidden);
  at("these").textContent = !chosen.size ? "The marked frame is …"
    : chosen.size === 1 ? "The selected frame is …"
    : chosen.size === 2 ? "Both of these are …" : `All ${chosen.size} of these are …`;
}

// --- the classes ---

function showClasses() {
  const keys = classes.filter((one) => !one.own && one.name !== "unknown").map((one) => one.name);
  const none = classes.find((one) => one.name === "unknown");
  const own = classes.filter((one) => one !== none);
  const entries = [
    ...own.map((one) => entry(keys.indexOf(one.name), one.name, one.pictures,
      () => label(meant(), one.name))),
    entry("u", "None of these", none ? none.pictures : 0, () => label(meant(), "unknown")),
    entry("n", "New class …", 0, askName),
    entry("x", "Discard", 0, () => throwAway(meant())),
  ];
  entries[entries.length - 1].classList.add("discard");
  at("classes").replaceChildren(...entries);
}

function entry(key, name, count, act) {
  const one = button("", "", act);
  if (typeof key === "string" || (key >= 0 && key < 10)) one.append(make("kbd", "", String(key)));
  one.append(make("span", "name", name));
  if (count) one.append(make("span", "count", count.toLocaleString()));
  return one;
}

function askName() {
  at("new").hidden = false;
  showThese();  // where it was hidden a name would be typed into nothing, each letter a key
  at("name").value = "";
  at("name").focus();
}

function closeName() {
  at("new").hidden = true;
  showThese();
  tiles.get(marked)?.querySelector(".photo").focus({ preventScroll: true });
}

// --- changes ---

function label(ids, name) {
  const what = name === "unknown" ? "none of these" : name;
  return change("label/set", { frames: ids, class: name }, ids,
    (count) => `${plural(count, "One frame", "frames")}: ${what}.`);
}

function throwAway(ids) {
  return change("label/throw", { frames: ids }, ids,
    (count) => `${plural(count, "One frame", "frames")} discarded.`);
}

async function change(path, told, ids, words) {
  if (!ids.length) return false;
  ids.forEach((id) => tiles.get(id)?.classList.add("busy"));
  const { status, told: done } = await ask(path, told);
  ids.forEach((id) => tiles.get(id)?.classList.remove("busy"));
  const moved = done.moved || [];
  [...moved, ...(done.gone || [])].forEach(remove);
  if (done.action) remember([...changes, done.action]);
  at("said").textContent = status === 409 ? done.error : moved.length ? words(moved.length) : "";
  showChosen();
  version = "";
  await refresh();
  if (status !== 200 && status !== 409) trouble(done.error);
  return moved.length > 0;
}

async function undo() {
  if (!changes.length) return;
  const action = changes[changes.length - 1];
  at("undo").disabled = true;
  const { status, told } = await ask("label/undo", { action });
  if (status === 200 || status === 409) remember(changes.slice(0, -1));
  at("said").textContent = status === 200
    ? `${plural(told.moved.length, "One frame is", "frames are")} back.` : told.error;
  version = "";
  await refresh();
  showChosen();
}

function remember(now) {
  changes = now.slice(-REMEMBERED);
  sessionStorage.setItem("changes", JSON.stringify(changes));
}

// --- hands ---

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    if (event.key === "z") undo();
    else if (event.key === "a" && !isTyping(event)) chooseAll();
    else return;
    event.preventDefault();
    return;
  }
  if (event.key === "Escape") {
    if (!at("new").hidden) closeName();
    chosen.clear();
    showChosen();
  }
  if (isTyping(event)) return;
  const labels = classes.filter((one) => !one.own && one.name !== "unknown");
  if (/^[0-9]$/.test(event.key) && labels[event.key]) label(meant(), labels[event.key].name);
  else if (event.key === "u") label(meant(), "unknown");
  else if (event.key === "x") throwAway(meant());
  else if (event.key === "n") askName();
  else if (event.key === "z") undo();
  else if (event.key.startsWith("Arrow")) step(event.key);
  else return;
  event.preventDefault();
}

function isTyping(event) {
  return event.target instanceof HTMLInputElement;
}

function step(key) {
  const cards = [...tiles.values()];
  const here = cards.indexOf(tiles.get(marked));
  const across = cards.filter((card) => card.offsetTop === cards[0]?.offsetTop).length;
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[key];
  cards[Math.max(0, Math.min(cards.length - 1, here + by))]?.querySelector(".photo").focus();
}

at("all").addEventListener("click", chooseAll);
at("undo").addEventListener("click", undo);
at("cancel").addEventListener("click", closeName);
at("new").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = at("name").value;
  if (await label(meant(), name)) closeName();
});
document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
keepLooking();
