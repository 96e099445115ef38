# SPDX-License-Identifier: Apache-2.0
"""The live page: one HTML file that refers to nothing outside itself, to be read from three metres away.

Its script puts into the page what the stream tells, and speaks what it is told to speak; what that is was decided
before. An event that came late on its way is none, and without any the page knows nothing: no number on it is old.
"""

import base64
import hashlib

_STYLE = """
:root { --ink: #1d2733; --muted: #5b6675; --hair: #dfe3e8; --paper: #ffffff; --wash: #f6f7f9; --alarm: #b42318;
  --warn: #8a5a00; --fine: #20734a; --cue: #5d3a87; --none: #a3acb8;
  --font: Inter, "Segoe UI", "Helvetica Neue", "Liberation Sans", Arial, sans-serif; }
* { box-sizing: border-box; }
body { margin: 0; padding: clamp(1rem, 2.4vw, 2.6rem); min-height: 100vh; background: var(--paper); color: var(--ink);
  font: clamp(1rem, 1.35vw, 1.7rem)/1.35 var(--font); font-variant-numeric: tabular-nums; }
h1, h2, p, dl, dd { margin: 0; }
h2, dt { color: var(--muted); font-size: 0.85em; font-weight: 500; }
header { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0.4em 2em; }
h1 { font-size: 1.7em; font-weight: 650; letter-spacing: -0.01em; }
h1::first-letter { text-transform: uppercase; }
#session_text { font-size: 1.15em; }
#session_name { color: var(--muted); font-size: 0.85em; }
.speak { text-align: right; }
.speak label { display: inline-block; padding: 0.35em 0.9em; border: 2px solid var(--hair); border-radius: 0.5em;
  font-weight: 600; cursor: pointer; }
.speak input { width: 1.1em; height: 1.1em; margin: 0 0.5em 0 0; font-size: 1em; vertical-align: -0.1em;
  accent-color: var(--cue); }
.speak label:has(:checked) { border-color: var(--cue); color: var(--cue); }
.speak label:focus-within { outline: 3px solid var(--cue); outline-offset: 2px; }
#voice { color: var(--warn); font-size: 0.8em; }
#link { display: none; margin-top: 0.7em; padding: 0.5em 0.8em; border-radius: 0.3em; background: #fdf1d8;
  color: var(--warn); font-size: 1.4em; font-weight: 600; }
.lost #link { display: block; }
.lost dd, .lost h1, .lost #safety { color: var(--none); }
.prompt { margin: 1.2em 0 1em; }
#prompt { --size: clamp(2.6rem, 6.6vw, 9rem); min-height: calc(1.12 * var(--size)); font-size: var(--size);
  line-height: 1.12; font-weight: 680; letter-spacing: -0.025em; color: var(--cue); overflow-wrap: anywhere; }
#prompt.none { font-size: 2.1em; font-weight: 400; letter-spacing: 0; color: var(--none); }
.safety { padding: 0.7em 1em 0.8em; border-radius: 0.5em; background: var(--wash);
  border-left: 0.4em solid var(--none); }
#safety { font-size: 1.5em; font-weight: 650; }
#safety::first-letter { text-transform: uppercase; }
.safety.ok { border-color: var(--fine); } .safety.warn { border-color: #d99a1c; background: #fdf6e7; }
.safety.stopped { border-color: var(--alarm); background: var(--alarm); color: #fff; padding: 1em; }
.safety.stopped h2 { color: #fbd5d0; }
.safety.stopped #safety { font-size: clamp(2.2rem, 6vw, 7rem); line-height: 1.1; }
.numbers { display: grid; grid-template-columns: 1fr 1.2fr 1fr 1.6fr; gap: 0.5em 2em; margin: 1.3em 0; }
dd { font-size: 2.1em; line-height: 1.2; font-weight: 640; letter-spacing: -0.015em; }
dd small { color: var(--muted); font-size: 0.42em; font-weight: 400; letter-spacing: 0; }
#stride_age { display: block; line-height: 1; }
dd.words { font-size: 1.1em; font-weight: 500; letter-spacing: 0; line-height: 1.35; padding-top: 0.5em; }
#asymmetry { display: grid; grid-template-columns: repeat(auto-fill, minmax(16em, 1fr)); gap: 0.55em 1.2em;
  margin-top: 0.5em; padding-top: 0.6em; border-top: 1px solid var(--hair); }
#asymmetry:empty::before { content: "\N{EN DASH}"; color: var(--none); }
.metric span { display: block; font-size: 0.85em; }
.metric b { margin-right: 0.4em; font-size: 1.3em; font-weight: 640; white-space: nowrap; }
.metric small { color: var(--muted); font-size: 0.8em; }
@media (max-width: 60rem) { .numbers { grid-template-columns: 1fr 1fr; } }
"""

_BODY = """
<header>
  <div><p id="session_name"></p><h1 id="phase">\N{EN DASH}</h1><p id="session_text"></p></div>
  <div class="speak"><label><input type="checkbox" id="speaks">Speak prompts</label>
  <p id="voice" role="status"></p></div>
</header>
<p id="link" role="alert">Connecting \N{HORIZONTAL ELLIPSIS}</p>
<section class="prompt"><h2>Prompt</h2><p id="prompt" class="none" aria-live="polite">\N{EN DASH}</p></section>
<section class="safety" aria-live="assertive"><h2>Belts and safety</h2>
  <p id="safety">\N{EN DASH}</p><p id="safety_text"></p></section>
<dl class="numbers">
  <div><dt>Time</dt><dd><span id="elapsed">\N{EN DASH}</span> <small id="duration"></small></dd></div>
  <div><dt>Belts, left and right</dt><dd><span id="left_speed">\N{EN DASH}</span>
    <span id="right_speed">\N{EN DASH}</span> <small>m/s</small></dd></div>
  <div><dt>Strides, left and right</dt><dd><span id="left_count">\N{EN DASH}</span>
    <span id="right_count">\N{EN DASH}</span> <small id="stride_age"></small></dd></div>
  <div><dt>Cues</dt><dd class="words" id="guard">\N{EN DASH}</dd></div>
</dl>
<section><h2>Asymmetry, rolling median</h2><div id="asymmetry"></div></section>
"""

_SCRIPT = """
"use strict";
const LOST_AFTER_MS = 2000, LATE_S = 1.0, RETRY_MS = 1000, AFTER_CANCEL_MS = 50, STRIDE_AWAITED_S = 3.0;
const NONE = "\N{EN DASH}";
const NOTHING = {session: null, belts: null, safety: null, guard: null, asymmetry: null, prompt: null, strides: {}};
const at = id => document.getElementById(id);
const put = (id, text) => { if (at(id).textContent !== text) at(id).textContent = text; };
const number = (value, digits) => value == null ? NONE : value.toFixed(digits).replace("-", "\N{MINUS SIGN}");
const clock = s => s == null ? NONE : `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
let heardMs = performance.now(), isLost = false, leastDelayS = Infinity;
let shownAsymmetry = "", lastWords = "", utterance = null;

function show({session, belts, safety, guard, strides, asymmetry, prompt}) {
  put("phase", session ? session.phase : isLost ? NONE : "session not heard");
  put("session_name", session ? session.name : "");
  put("session_text", session ? session.text : "");
  put("elapsed", clock(session?.elapsed_s));
  put("duration", session?.duration_s ? `of ${clock(session.duration_s)}` : "");
  put("prompt", prompt ? prompt.text : NONE);
  at("prompt").classList.toggle("none", !prompt);
  put("safety", safety ? safety.words : isLost ? NONE : "not heard");
  put("safety_text", safety ? safety.text : "");
  const box = document.querySelector(".safety");
  box.className = `safety ${safety ? (safety.is_stopped ? "stopped" : safety.level) : isLost ? "" : "warn"}`;
  put("left_speed", number(belts?.left_speed_mps, 2));
  put("right_speed", number(belts?.right_speed_mps, 2));
  put("left_count", number(strides.left_count, 0));
  put("right_count", number(strides.right_count, 0));
  const age_s = strides.newest_age_s;
  put("stride_age", age_s > STRIDE_AWAITED_S ? `none for ${age_s.toFixed(0)} s` : "");
  put("guard", guard ? guard.text : NONE);
  showAsymmetry(asymmetry ? asymmetry.metrics : []);
}

function showAsymmetry(metrics) {
  const text = JSON.stringify(metrics);
  if (text === shownAsymmetry) return;
  shownAsymmetry = text;
  at("asymmetry").replaceChildren(...metrics.map(metric => {
    const row = document.createElement("div");
    row.className = "metric";
    for (const [tag, words] of [["span", metric.name], ["b", metric.value ?? NONE], ["small", metric.words]]) {
      row.appendChild(document.createElement(tag)).textContent = words;
    }
    return row;
  }));
}

function lose() {
  if (isLost) return;
  isLost = true;
  document.body.classList.add("lost");
  const since = new Date().toLocaleTimeString("en-GB");
  put("link", `Connection lost at ${since}${lastWords || ". What happens now is not known here."}`);
  show(NOTHING);
}

// By how much more than the quickest event so far an event came late; the clocks may drift apart by 1 ms an event.
function isLate(event) {
  const delayS = performance.now() / 1000 - event.clock_s;
  leastDelayS = Math.min(delayS, leastDelayS + 0.001);
  return delayS - leastDelayS > LATE_S;
}

function inTime(act) {
  return message => {
    const event = JSON.parse(message.data);
    if (!isLate(event)) act(event);
  };
}

function onState(state) {
  heardMs = performance.now();
  isLost = false;
  lastWords = state.session?.phase === "ended" ? `, after the session had ended: ${state.session.text}.` : "";
  document.body.classList.remove("lost");
  show(state);
}

function say(words) {
  if (!at("speaks").checked || !window.speechSynthesis) return;
  utterance = new SpeechSynthesisUtterance(words);
  utterance.lang = "en";
  const isOwn = voice => voice.localService && voice.lang.startsWith("en");  // others send the words to their maker
  utterance.voice = speechSynthesis.getVoices().find(isOwn) ?? null;
  utterance.onerror = event => {
    if (!["canceled", "interrupted"].includes(event.error)) put("voice", `Could not speak: ${event.error}.`);
  };
  if (!speechSynthesis.speaking) return speechSynthesis.speak(utterance);
  speechSynthesis.cancel();  // a slow voice; Chromium swallows what it is to speak right after that
  setTimeout(() => speechSynthesis.speak(utterance), AFTER_CANCEL_MS);
}

function noteVoice() {
  const hasVoice = window.speechSynthesis && speechSynthesis.getVoices().length > 0;
  put("voice", at("speaks").checked && !hasVoice ? "This browser has no voice: read the prompts." : "");
}

function listen() {
  const source = new EventSource("/events");
  source.addEventListener("open", () => { leastDelayS = Infinity; });
  source.addEventListener("state", inTime(onState));
  source.addEventListener("prompt", inTime(event => say(event.text)));
  source.addEventListener("error", () => {
    lose();
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  });
}

at("speaks").addEventListener("change", () => { noteVoice(); say("Prompts are spoken."); });
window.speechSynthesis?.addEventListener?.("voiceschanged", noteVoice);
setInterval(() => { if (performance.now() - heardMs > LOST_AFTER_MS) lose(); }, 250);
listen();
"""


def _hash(text: str) -> str:
    """Return what allows this very script or style, and no other, in a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


PAGE = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>gait session</title>\n'
    f'<style>{_STYLE}</style>\n</head>\n<body class="lost">{_BODY}<script>{_SCRIPT}</script>\n</body>\n</html>\n'
).encode()

HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; script-src {_hash(_SCRIPT)}; style-src {_hash(_STYLE)}; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
