"use strict";

// The card above the frames: Learn, Use it, Go back. It shares `ask` and `make` with label.js.

const SOON_MS = 1000;
const LATER_MS = 10000;
const SVG = "http://www.w3.org/2000/svg";

let learning = null;
let shownResult = "";
let soon = null;
let ready = null;  // the model that could be used when it was last looked at

async function lookAtLearning() {
  clearTimeout(soon);
  const { status, told } = await ask("label/learning");
  if (status === 200) showLearning(told);
  const busy = learning && (learning.running || learning.switching);
  soon = setTimeout(lookAtLearning, busy ? SOON_MS : LATER_MS);
}

async function act(path, told = {}) {
  for (const id of ["learn", "stop", "use", "back"]) at(id).disabled = true;
  const { status, told: now } = await ask(path, told);
  if (status === 200) showLearning(now);
  await lookAtLearning();
  if (status !== 200) complain(now.error);
}

function showLearning(now) {
  const wasSwitching = learning && learning.switching;
  learning = now;
  const busy = now.running || now.switching;
  at("learned").textContent = sentence(now);
  at("learn").hidden = at("back").hidden = busy;
  at("learn").disabled = at("stop").disabled = at("use").disabled = at("back").disabled = false;
  at("learn").classList.toggle("again", Boolean(now.candidate));
  at("stop").hidden = !now.running;
  at("use").hidden = busy || !now.candidate;
  at("back").hidden = busy || !now.back;
  showProgress(now);
  complain(now.switch_error ? `The model in use stays: ${now.switch_error}`
    : now.error ? `${now.refused ? "Not learned" : "Learning failed"}: ${now.error}` : "");
  at("outcome").hidden = busy || !now.result;
  const result = JSON.stringify(now.result);
  if (now.result && result !== shownResult) showResult(now.result);
  shownResult = result;
  if (now.candidate !== ready) at("outcome").open = Boolean(now.candidate);
  ready = now.candidate;
  if (wasSwitching && !now.switching) { version = ""; refresh(); }  // its labels may be others
}

function sentence(now) {
  const name = now.in_use || "the model that the camera started with";
  if (now.switching) return "The model proves itself …";
  if (now.running) {
    const { stage, done, total } = now.progress;
    return `${stage || "Learning begins"}${total ? ` ${done} of ${total}` : ""} …`;
  }
  return now.candidate ? `${now.candidate} is ready. In use: ${name}.` : `In use: ${name}.`;
}

function showProgress(now) {
  const bar = at("progress");
  bar.hidden = !now.running && !now.switching;
  if (now.running && now.progress.total) {
    bar.max = now.progress.total;
    bar.value = now.progress.done;
  } else {
    bar.removeAttribute("value");
  }
}

function complain(why) {
  at("unlearned").textContent = why;
  at("unlearned").hidden = !why;
}

// --- what it brought and cost ---

function showResult(result) {
  const { score, old_classes: old } = result;
  at("gain").textContent = score
    ? `Right on your own photos: ${percent(score.before)} before, ${percent(score.after)} after` +
      `, ${interval(score)}`
    : "What it brought";
  const rows = (result.classes || []).map((one) => row(one.label, one.pictures,
    one.own ? null : one.before, one.after, one.taken_for ? `${one.taken_for[0]} (${one.taken_for[1]})` : ""));
  if (score) {
    rows.push(row("mean", result.pictures, score.before, score.after, ""));
    rows[rows.length - 1].className = "mean";
  }
  at("scores").replaceChildren(...rows);
  showCurve(result.learning_curve || []);
  at("more").textContent = next(result.next_twenty_pp);
  at("old").textContent = old && old.pictures
    ? `Classes from before, on ${old.pictures.toLocaleString()} remembered pictures: ` +
      `${(100 * old.before).toFixed(1)} % before, ${(100 * old.after).toFixed(1)} % after. ` +
      "After: by models that had not seen the photo." : "";
  showContradictions(result.contradictions || []);
}

function interval(score) {
  const [low, high] = score.gain_interval_pp || [];
  const points = (value) => `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(0)}`;
  return `${points(score.gain_pp)} points` +
    (low === undefined ? "" : ` (95 % interval ${points(low)} to ${points(high)})`);
}

function row(name, count, before, after, note) {
  const line = make("tr", "");
  const change = before === null ? "" : after > before ? "better" : after < before ? "worse" : "";
  line.append(make("td", "", name), make("td", "", count.toLocaleString()),
    make("td", "", before === null ? "new" : percent(before)),
    make("td", change, percent(after)), make("td", "", note));
  return line;
}

function next(points) {
  if (typeof points !== "number") return "Score by the number of photos.";
  return points < 0.5 ? "Twenty more photos would probably add less than half a point."
    : `Twenty more photos would probably add about ` +
      `${points.toFixed(0)} point${points.toFixed(0) === "1" ? "" : "s"}.`;
}

function showCurve(points) {
  at("curve").replaceChildren();
  at("curve").parentElement.hidden = !points.length;
  if (!points.length) return;
  const scores = points.map((one) => one.score);
  const low = Math.max(0, Math.floor(Math.min(...scores) * 10) / 10);
  const high = Math.min(1, Math.ceil(Math.max(...scores) * 10) / 10) || 1;
  const most = Math.max(...points.map((one) => one.pictures));
  const x = (pictures) => 40 + 260 * (pictures / most);
  const y = (score) => 120 - 105 * ((score - low) / (high - low || 1));
  for (const level of [low, high]) {
    draw("line", { class: "axis", x1: 40, x2: 310, y1: y(level), y2: y(level) });
    draw("text", { x: 34, y: y(level) + 4, "text-anchor": "end" }, percent(level));
  }
  const line = points.map((one) => `${x(one.pictures)},${y(one.score)}`).join(" ");
  draw("polyline", { class: "line", points: line });
  let written = -Infinity;  // so that numbers do not lie on one another
  points.forEach((one, number) => {
    const here = x(one.pictures);
    draw("circle", { class: "point", cx: here, cy: y(one.score), r: 4 });
    const last = number === points.length - 1;
    if (here - written < 30 || (!last && x(most) - here < 30)) return;
    written = here;
    draw("text", { x: here, y: 140, "text-anchor": "middle" }, one.pictures.toLocaleString());
  });
}

function draw(name, attributes, text = "") {
  const part = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
  part.textContent = text;
  at("curve").append(part);
}

function showContradictions(found) {
  at("contradictions").replaceChildren();
  if (!found.length) return;
  const list = make("ul", "");
  for (const one of found) {
    const file = String(one.path).split("/").slice(-2).join("/");
    list.append(make("li", "", `${file}: labelled ${one.label}, looks like ${one.answer} ` +
      `(${percent(one.answer_probability)})`));
  }
  at("contradictions").append(make("h2", "", "Labels to look at again"), list);
}

at("learn").addEventListener("click", () => act("label/learn"));
at("stop").addEventListener("click", () => act("label/stop"));
at("use").addEventListener("click", () => act("label/use", { model: learning.candidate }));
at("back").addEventListener("click", () => act("label/back"));
document.addEventListener("visibilitychange", () => { if (!document.hidden) lookAtLearning(); });
lookAtLearning();
