# SPDX-License-Identifier: Apache-2.0
"""The report's page: one HTML file that refers to nothing outside itself, for screen and paper."""

from gait_session.report.style import STYLE

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
  <div><dt>Prosthesis</dt><dd>{{ header.prosthetic_side }}
  <small>{{ header.level }}</small></dd></div>
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

_DEVIATIONS = """
<section><h2>Deviations</h2>
<p class="note">In how many strides each was found, was absent, and could not be told.
{% if sides[0] == "prosthetic" -%}
The prosthetic side is judged: against the sound one, and against its own first strides.
{%- else -%}
Neither side is stated to be a prosthesis: each is judged against the other, and against its own first strides.
{%- endif %} The sentence is that of the stride in which it was most marked.</p>
<div class="wide"><table><thead><tr><th scope="col">deviation</th><th scope="col">side</th>
<th scope="col" class="number">found</th><th scope="col" class="number">absent</th>
<th scope="col" class="number">cannot tell</th><th scope="col">strides</th><th scope="col">in words</th></tr></thead>
<tbody>{% for row in deviations %}{% set count = row.found_count + row.absent_count + row.untold_count %}
<tr><td class="whole">{{ row.name }}</td>
<td class="whole">{{ row.side or "none" }}</td><td class="number">{{ row.found_count }}</td>
<td class="number">{{ row.absent_count }}</td><td class="number">{{ row.untold_count }}</td>
<td><div class="bar" aria-hidden="true">{% if count %}<i class="found" style="flex: {{ row.found_count }}"></i>
<i class="absent" style="flex: {{ row.absent_count }}"></i><i class="untold" style="flex: {{ row.untold_count }}"></i>
{% endif %}</div></td>
<td>{{ row.words }}{% if row.untold %}<span class="why">Cannot tell: {{ row.untold }}</span>{% endif %}</td></tr>
{% endfor %}</tbody></table></div>
<p class="key"><span><i class="found"></i>found</span><span><i class="absent"></i>absent</span>
<span><i class="untold"></i>cannot tell</span></p>
<h3>Posture and the way of the foot</h3>{{ table_of(posture) }}</section>
"""

_ASYMMETRY = """
<section><h2>Asymmetry over the session</h2>
<p class="note">{% if index %}Asymmetry is {{ index }}. {% endif %}Dots: each pair of strides. Line: rolling median.
Green: where the cue strategy is silent. Dashes: own baseline, one standard deviation to both sides. Points: norm. Marks
at the foot of a panel: cues that were sent.</p>
{% if asymmetry.rows %}<figure role="img" aria-label="Asymmetry of four metrics over time">{{ svg.asymmetry }}</figure>
{{ table_of(asymmetry) }}
<h3>Against the own baseline and the norm</h3>
<p class="note">At the end: rolling median over the last pairs. Own baseline: mean and standard deviation (SD) of the
session's first {{ baseline_count }} pairs, or given. Change: from the baseline to the end. A norm is what was typical
in a published group of that level of amputation; it is no target.</p>
{{ table_of(reference) }}
{% if norm_sources %}<ol class="sources">
{% for source in norm_sources %}<li>{{ source }}</li>{% endfor %}</ol>{% endif %}
{% for text in norms_lacking %}<p class="note below">Norm: {{ text }}.</p>{% endfor %}
<h3>Where the step-length asymmetry comes from</h3>
{% if split.rows %}<p class="note">Means over the pairs, so that the parts add up.</p>{{ table_of(split) }}
{% else %}{{ empty("Cannot tell: no pair of strides with the place of each contact and the speed of the belts.") }}
{% endif %}
<h3>Variability at the end</h3>
<p class="note">Standard deviation (SD) from stride to stride, and as share of the mean (coefficient of variation, CV),
of each side's last accepted strides. Few strides tell little of it.</p>{{ table_of(variability) }}
{% else %}{{ empty("Not measured: no pair of accepted strides.") }}{% endif %}</section>

<section><h2>Force in stance</h2>
<p class="note">What the ground does to the foot, from initial contact to foot off of each accepted stride. Line: mean
of the strides. Shade: one standard deviation to both sides.</p>
{% if svg.forces %}<figure role="img" aria-label="Mean force of both sides over stance">{{ svg.forces }}</figure>
{% else %}{{ empty("Not measured: no accepted stride with load-cell samples throughout its stance.") }}{% endif %}
</section>
"""

_STANDING = """
<section><h2>Standing</h2>
<p class="note">Each time that both feet stood: weight on each side, and the sway of the centre of pressure of both feet
together over the last seconds. Path and ellipse grow with the time; compare velocities. Times below 0 are before the
start, as at the weighing.</p>
{% if standing.rows %}{{ table_of(standing) }}
{% elif not_standing %}{{ empty("Cannot tell: nobody stood on both feet for long enough: " ~ not_standing ~ ".") }}
{% else %}{{ empty("Cannot tell: nothing was recorded of standing.") }}{% endif %}</section>
"""

_EVENTS = """
<section><h2>Events, strides and phase</h2>
{% if svg.timeline %}<figure role="img" aria-label="Initial contacts over the session">{{ svg.timeline }}</figure>
{% endif -%}
{{ table_of(events) }}
<h3>What told of the events</h3>
{% if sources.rows %}{{ table_of(sources) }}{% if doubts.rows %}{{ table_of(doubts) }}{% endif %}
{% else %}{{ empty("No gait event was found.") }}{% endif %}
<h3>Strides left out</h3>
{% if reasons.rows %}{{ table_of(reasons) }}<h3>Each of them</h3>{{ table_of(rejected) }}
{% else %}{{ empty("None was left out.") }}{% endif %}
<h3>Phase</h3>{{ table_of(phases) }}</section>
"""

_MACHINE = """
<section><h2>Feedback</h2>
<p class="note">{{ feedback_parts }} {% if simulated_note %}<b>{{ simulated_note }}</b>{% endif %}</p>
{% if svg.aim %}<figure role="img" aria-label="What the cues were about, over the session">{{ svg.aim }}</figure>
{{ table_of(approach) }}
<p class="note below">Blocks: means of the first strides or pairs, after those in which the belts speed up, and of as
many at the end, or before retention, 20 at most. Nearer or further away: the mean distance from the target differs
between the blocks by more than two standard errors.</p>
{% else %}{{ empty("What the cues were about is not known, or was not measured.") }}{% endif %}
<h3>What became of each cue</h3>
{% if cues.rows %}{{ table_of(cues) }}
<h3>How long it took</h3>
{% if latency.rows %}{{ table_of(latency) }}
<p class="note below">Event is the time of the gait event itself, between two samples; of a cue sent early, as a
beat is, the instant at which it is to be felt. Detected is the time of the sample that confirmed it; decided is when
the cue was let through; bytes is when they had been handed to the wire; acknowledged is when the device had said that
it does it. Few cues tell little of p95 and p99. Every cue with all its times is in {{ ledger }}.</p>
{% else %}{{ empty("No cue was sent.") }}{% endif %}
{% else %}{{ empty("No cue was decided in this session.") }}{% endif %}
{% if feedback.rows %}<h3>What guard, schedule and law said</h3>{{ table_of(feedback) }}{% endif %}</section>

<section><h2>Belts</h2>
<p class="note">{{ belt_words }}</p>
{% if svg.belts %}<figure role="img" aria-label="Belt speed, commanded and measured">{{ svg.belts }}</figure>
{% else %}{{ empty("Not measured: the treadmill reported nothing.") }}{% endif %}
{% if safety.rows %}<h3>What the belt gate decided</h3>{{ table_of(safety) }}{% endif %}
{% if annotations %}<h3>Remarks</h3>{{ table_of(annotations) }}{% endif %}</section>

<section><h2>Health of the streams</h2>
<p class="note">Rate (mean), longest gap and jitter are of the session, from its start to its end. Jitter: 99 of 100
intervals between messages differ from the median by less. Messages, samples lost (running numbers of the load cell
that never came) and those that the recorder missed (a publisher numbered them and they did not arrive) are of the
whole recording.</p>
{% if streams.rows %}{{ table_of(streams) }}{% else %}{{ empty("Nothing was recorded.") }}{% endif %}</section>
"""

_TERMS = """
<section><h2>How the numbers are defined</h2>
<dl class="terms">
<dt>Asymmetry</dt><dd>{{ index or "not computed in this recording" }}. Tables and large numbers give the median over all
pairs of the session.</dd>
<dt>Stride</dt><dd>From an initial contact of a foot to its next one. Strides that were not accepted are kept in the
record and left out of curves, asymmetry and cues.</dd>
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
    + STYLE + "</style>\n</head>\n<body>" + _MACROS + _TOP + _DEVIATIONS + _ASYMMETRY + _STANDING + _EVENTS
    + _MACHINE + _TERMS + "</body>\n</html>\n"
)  # fmt: skip
