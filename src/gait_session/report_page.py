# SPDX-License-Identifier: Apache-2.0
"""The report's page: one HTML file that refers to nothing outside itself, for screen and paper."""

_STYLE = """
:root { --ink: #1d2733; --muted: #667085; --hair: #e3e6ea; --paper: #ffffff; --wash: #f6f7f9;
  --first: #c2571a; --second: #1f5f8b; --cue: #7a4fa3;
  --font: Inter, "Segoe UI", "Helvetica Neue", "Liberation Sans", Arial, sans-serif; }
* { box-sizing: border-box; }
html { background: var(--wash); }
body { margin: 0 auto; max-width: 66rem; padding: 3rem 3.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.55 var(--font); font-variant-numeric: tabular-nums; }
header { display: flex; justify-content: space-between; align-items: flex-start; gap: 2rem; }
h1 { margin: 0; font-size: 2rem; line-height: 1.2; letter-spacing: -0.02em; font-weight: 650; overflow-wrap: anywhere; }
.eyebrow { margin: 0 0 0.35rem; color: var(--muted); font-size: 0.8rem; letter-spacing: 0.04em; }
.badge { flex: none; padding: 0.45rem 1rem 0.5rem; border-radius: 0.35rem; color: #fff; font-weight: 700;
  letter-spacing: 0.09em; text-transform: uppercase; background: #20734a; }
.badge.simulated { background: #7a4fa3; } .badge.recording { background: #8a6100; }
.badge.unknown { background: #667085; }
.meaning { margin: 0.6rem 0 0; color: var(--muted); }
dl.facts { display: grid; grid-template-columns: 1fr 1.8fr 0.7fr 0.8fr 1fr 1.5fr; gap: 0.9rem 1.5rem;
  margin: 1.8rem 0 0; padding: 1.1rem 0; border: solid var(--hair); border-width: 1px 0; }
dt { color: var(--muted); font-size: 0.8rem; } dd { margin: 0; font-weight: 600; }
.glance { display: grid; grid-template-columns: 1fr 1fr; gap: 2.5rem; margin-top: 2rem; align-items: start; }
.glance ul { margin: 0; padding: 0; list-style: none; }
.glance li { padding: 0 0 0.65rem 1.1rem; position: relative; }
.glance li::before { content: ""; position: absolute; left: 0; top: 0.6em; width: 0.4rem; height: 0.4rem;
  border-radius: 50%; background: var(--second); }
.numbers { display: grid; grid-template-columns: 1fr 1fr; gap: 1.1rem 1.5rem; }
.numbers b { display: block; font-size: 1.6rem; line-height: 1.2; font-weight: 620; letter-spacing: -0.015em; }
.numbers b.word { font-size: 1.1rem; line-height: 1.75; color: var(--muted); letter-spacing: 0; }
.numbers .alarm b { color: #b42318; }
.numbers span { color: var(--muted); font-size: 0.82rem; }
section { margin-top: 3rem; }
h2 { margin: 0 0 0.3rem; font-size: 1.2rem; letter-spacing: -0.01em; }
h3 { margin: 1.6rem 0 0.2rem; font-size: 0.95rem; }
p.note { margin: 0 0 0.9rem; color: var(--muted); max-width: 46rem; font-size: 0.9rem; }
p.empty { margin: 0.6rem 0; padding: 0.8rem 1rem; border-radius: 0.35rem; background: var(--wash);
  color: var(--muted); }
aside { margin-top: 1.8rem; padding: 0.9rem 1.2rem; background: #fdf6e7; border-left: 3px solid #c98a0b; }
aside ul { margin: 0.2rem 0 0; padding-left: 1.1rem; }
figure { margin: 0.8rem 0 0; } figure svg { display: block; width: 100%; height: auto; }
figure svg text { font-family: var(--font) !important; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.86rem; margin-top: 0.7rem; }
th { text-align: left; vertical-align: bottom; font-weight: 500; color: var(--muted); padding: 0 0.8rem 0.4rem 0;
  border-bottom: 1px solid #b8bfc9; }
td { padding: 0.42rem 0.8rem 0.42rem 0; border-bottom: 1px solid var(--hair); vertical-align: top; }
td:first-child { font-weight: 550; overflow-wrap: anywhere; }
.key i { display: inline-block; width: 0.7em; height: 0.7em; margin: 0 0.35em 0 0.9em; border-radius: 0.15em; }
.columns { display: grid; grid-template-columns: 1fr 1.5fr; gap: 2.5rem; align-items: start; }
dl.terms { display: grid; grid-template-columns: 11rem 1fr; gap: 0.55rem 1.5rem; font-size: 0.9rem; }
dl.terms dt { color: var(--ink); font-size: 0.9rem; font-weight: 600; } dl.terms dd { font-weight: 400; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--hair); color: var(--muted);
  font-size: 0.82rem; }
p.below { margin-top: 0.8rem; }
@media screen and (max-width: 48rem) { body { padding: 1.5rem 1.2rem; }
  .glance, .columns { grid-template-columns: 1fr; }
  dl.facts { grid-template-columns: 1fr 1fr; }
  dl.terms { grid-template-columns: 1fr; gap: 0.1rem; } dl.terms dd { margin-bottom: 0.7rem; } }
@media print { @page { size: A4; margin: 14mm; }
  html { background: none; font-size: 13px; } body { padding: 0; max-width: none; font-size: 12px; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  figure, tr, aside, p.note, .numbers div { break-inside: avoid; } h2, h3, p.note { break-after: avoid; }
  section { margin-top: 1.8rem; } }
"""

_MACROS = """
{%- macro table_of(table) -%}
<div class="wide"><table><thead><tr>{% for cell in table.head %}<th scope="col">{{ cell }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in table.rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></div>
{%- endmacro -%}
{%- macro empty(text) -%}<p class="empty">{{ text }}</p>{%- endmacro -%}
"""

_TOP = """
<header>
  <div><p class="eyebrow">Gait session</p><h1>{{ header.session }}</h1>
  <p class="meaning">{{ header.input_meaning }}</p></div>
  <span class="badge {{ header.input }}">{{ header.input }}</span>
</header>
<dl class="facts">
  <div><dt>Participant</dt><dd>{{ header.participant }}</dd></div>
  <div><dt>Start</dt><dd>{{ header.when }}</dd></div>
  <div><dt>Duration</dt><dd>{{ header.duration }}</dd></div>
  <div><dt>Body mass</dt><dd>{{ header.mass }}</dd></div>
  <div><dt>Prosthetic side</dt><dd>{{ header.prosthetic_side }}</dd></div>
  <div><dt>Last word of the session</dt><dd>{{ header.outcome or "none" }}</dd></div>
</dl>
<div class="glance">
  <ul>{% for text in sentences %}<li>{{ text }}</li>{% endfor %}</ul>
  <div class="numbers">{% for figure in figures %}<div{% if figure.is_alarming %} class="alarm"{% endif %}>
    <b{% if figure.value.startswith("not") %} class="word"{% endif %}>{{ figure.value }}</b>
    <span>{{ figure.label }}</span></div>{% endfor %}</div>
</div>
{% if missing %}<aside><b>What this recording cannot tell</b>
<ul>{% for text in missing %}<li>{{ text }}</li>{% endfor %}</ul></aside>{% endif %}
"""

_WALKING = """
<section><h2>Force in stance</h2>
<p class="note">What the ground does to the foot, from initial contact to foot off of each accepted stride. Line: mean
of the strides. Shade: one standard deviation to both sides.</p>
{% if svg.forces %}<figure role="img" aria-label="Mean force of both sides over stance">{{ svg.forces }}</figure>
{% else %}{{ empty("Not measured: no accepted stride with load-cell samples throughout its stance.") }}{% endif %}
</section>

<section><h2>Asymmetry over the session</h2>
<p class="note">{% if index %}Asymmetry is {{ index }}. {% endif %}Dots: each pair of strides. Line: rolling median.
Band: where the cue strategy is silent. Marks at the foot of a panel: cues that were sent.</p>
{% if asymmetry.rows %}<figure role="img" aria-label="Asymmetry of four metrics over time">{{ svg.asymmetry }}</figure>
{{ table_of(asymmetry) }}
{% else %}{{ empty("Not measured: no pair of accepted strides.") }}{% endif %}</section>

<section><h2>Events and strides</h2>
{{ table_of(events) }}
{% if rejected %}<p class="note below">Rejected: {% for reason, count in rejected -%}
{{ count }} \N{MULTIPLICATION SIGN} {{ reason }}{{ "; " if not loop.last else "." }}{% endfor %}</p>{% endif %}
</section>
"""

_MACHINE = """
<section><h2>Cues</h2>
{% if has_cues %}<div class="columns">{{ table_of(cues) }}{{ table_of(latency) }}</div>
<p class="note below">Contact is the time of the event itself, between two samples; detected is the time of the
sample that confirmed it; sent is when the first byte was handed to the wire.</p>
{% else %}{{ empty("No cue was decided in this session.") }}{% endif %}</section>

<section><h2>Belts</h2>
<p class="note">{{ belt_words }}</p>
{% if svg.belts %}<figure role="img" aria-label="Belt speed, commanded and measured">{{ svg.belts }}</figure>
{% else %}{{ empty("Not measured: the treadmill reported nothing.") }}{% endif %}
{% if safety.rows %}<h3>What the belt gate decided</h3>{{ table_of(safety) }}{% endif %}
{% if annotations %}<h3>Remarks</h3>{{ table_of(annotations) }}{% endif %}</section>

<section><h2>Health of the streams</h2>
<p class="note">Rate: mean over the recording. Jitter: 99 of 100 intervals between messages differ from the median by
less. Samples lost: running numbers of the load cell that never came. Missed by the recorder: messages that a publisher
numbered and that did not arrive.</p>
{% if streams.rows %}{{ table_of(streams) }}{% else %}{{ empty("Nothing was recorded.") }}{% endif %}</section>
"""

_TERMS = """
<section><h2>How the numbers are defined</h2>
<dl class="terms">
<dt>Asymmetry</dt><dd>{{ index or "not computed in this recording" }}. Tables and large numbers give the median over all
pairs of the session.</dd>
<dt>Stride</dt><dd>From an initial contact of a foot to its next one. Rejected strides are kept in the record and left
out of curves, asymmetry and cues.</dd>
<dt>Step time, step length</dt><dd>Of the step that ends the stride: from the other foot's contact to this foot's.
Length is along the belt, belt motion included.</dd>
<dt>Stance time</dt><dd>From initial contact to foot off of the same foot.</dd>
<dt>Peak load</dt><dd>Highest vertical force in stance, in body weights
(mass \N{MULTIPLICATION SIGN} 9.80665 m/s\N{SUPERSCRIPT TWO}).</dd>
<dt>Signs</dt><dd>x forward, y left, z up; force is what the ground does to the foot; belt speed is positive when the
surface moves backward.</dd>
<dt>Not measured</dt><dd>The sensors present cannot tell. It is never written as zero.</dd>
</dl></section>
<footer>{{ folder }} \N{MIDDLE DOT} made by gait_lab from the recording alone</footer>
"""

PAGE = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    "<title>{{ header.session }} \N{MIDDLE DOT} gait session</title>\n<style>"
    + _STYLE + "</style>\n</head>\n<body>" + _MACROS + _TOP + _WALKING + _MACHINE + _TERMS + "</body>\n</html>\n"
)  # fmt: skip
