# SPDX-License-Identifier: Apache-2.0
"""How the report looks, on screen and on paper."""

STYLE = """
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
dl.facts { display: grid; grid-template-columns: 1fr 1.5fr 0.6fr 0.8fr 1.4fr 1.4fr; gap: 0.9rem 1.5rem;
  margin: 1.8rem 0 0; padding: 1.1rem 0; border: solid var(--hair); border-width: 1px 0; }
dt { color: var(--muted); font-size: 0.8rem; } dd { margin: 0; font-weight: 600; }
dd small { display: block; font-weight: 400; line-height: 1.35; }
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
td:first-child { font-weight: 550; overflow-wrap: break-word; }
.key i { display: inline-block; width: 0.7em; height: 0.7em; margin: 0 0.35em 0 0.9em; border-radius: 0.15em; }
.bar { display: flex; width: 7rem; height: 0.7rem; margin-top: 0.35rem; border-radius: 0.15rem; overflow: hidden; }
.bar i { display: block; } .found { background: #b42318; } .absent { background: #cfe6d8; }
.untold { background: repeating-linear-gradient(45deg, #d4d8de 0 3px, #eceef1 3px 6px); }
.key { color: var(--muted); font-size: 0.82rem; margin: 0.5rem 0 0; }
td.whole { white-space: nowrap; }
td.number, th.number { text-align: right; padding-right: 1.4rem; }
td .why { display: block; color: var(--muted); font-size: 0.92em; }
ol.sources { margin: 0.7rem 0 0; padding-left: 1.6rem; color: var(--muted); font-size: 0.82rem; }
.columns { display: grid; grid-template-columns: 1fr 1.5fr; gap: 2.5rem; align-items: start; }
dl.terms { display: grid; grid-template-columns: 11rem 1fr; gap: 0.55rem 1.5rem; font-size: 0.9rem; }
dl.terms dt { color: var(--ink); font-size: 0.9rem; font-weight: 600; } dl.terms dd { font-weight: 400; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--hair); color: var(--muted);
  font-size: 0.82rem; }
p.below { margin-top: 0.8rem; }
@media screen and (max-width: 48rem) { body { padding: 1.5rem 1.2rem; }
  .glance, .columns { grid-template-columns: 1fr; }
  dl.facts { grid-template-columns: 1fr 1fr; } .wide table { min-width: 44rem; }
  dl.terms { grid-template-columns: 1fr; gap: 0.1rem; } dl.terms dd { margin-bottom: 0.7rem; } }
@media print { @page { size: A4; margin: 14mm; }
  html { background: none; font-size: 13px; } body { padding: 0; max-width: none; font-size: 12px; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  figure, tr, aside, p.note, .numbers div { break-inside: avoid; } h2, h3, p.note { break-after: avoid; }
  section { margin-top: 1.8rem; } }
"""
