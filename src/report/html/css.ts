import { stepperCss } from "../stepper.ts";
import { fonts } from "../theme.ts";
import { basics } from "./basics.ts";

/** The style of every report. Colours are theme.ts's; nothing is loaded from anywhere. */
export const css = `${basics}
html{line-height:1.55}
body{max-width:816px;margin:0 auto;padding:clamp(20px,5vw,56px) clamp(16px,5vw,48px)}
h1{font-size:clamp(1.6rem,1.1rem + 2.6vw,2.5rem);line-height:1.15;letter-spacing:-.02em;margin:.1em 0 .45em;text-wrap:balance}
h2{font-size:1.3rem;letter-spacing:-.01em;line-height:1.25;margin:0 0 .5em}
p{margin:0 0 1em;max-width:66ch}
.kicker{color:var(--muted);font-size:.85rem;margin:0}
.lead{font-size:1.12rem}
section{margin-top:3.2rem;padding-top:1.4rem;border-top:1px solid var(--line)}
section:first-of-type{border-top:0;padding-top:0;margin-top:0}
figure{margin:1.4rem 0}
figcaption{margin-top:.5rem;max-width:74ch}
figure svg{display:block;width:100%;height:auto;overflow:visible}
.narrow{display:none}
.scroll:focus-visible{outline:2px solid var(--dqn);outline-offset:2px}
.scroll>svg{min-width:640px}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(290px,1fr));gap:0 28px}
.pair figure{margin-bottom:.6rem}
.key{grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:1.6rem 0}
.key>div{border-radius:8px;padding:14px 16px}
.key dt{font-size:.84rem}
.key small{margin-top:.25rem}
.key strong{font-size:1.6rem;line-height:1.2;letter-spacing:-.02em}
table{margin:1rem 0}
code,pre{font-family:${fonts.mono};font-size:.88em}
pre{background:var(--panel);border-radius:8px;padding:.7em .9em;margin:.35em 0 1em;white-space:pre-wrap;overflow-wrap:anywhere}
.commands{padding-left:1.3em}
.commands li{margin-bottom:.3em}
.motion button:not([hidden]){display:block;margin:10px 0 0 auto;font:inherit;font-size:.84rem;color:var(--ink);background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:.25em .9em;min-height:32px;cursor:pointer}
.still{display:none}
.film{display:grid;grid-template-columns:repeat(auto-fit,minmax(104px,1fr));gap:8px}
.film img{width:100%;height:auto;border:1px solid var(--line);border-radius:6px;background:#fff}
.legend span{display:inline-flex;align-items:center;vertical-align:bottom;gap:.45em;margin-right:1.1em;white-space:nowrap}
.legend i{display:inline-block;width:10px;height:10px;border-radius:50%;color:var(--muted)}
.legend .dot{background:currentColor}.legend .ring{border:2px solid currentColor}
.legend .line,.legend .dash{width:20px;height:0;border-radius:0;border-top:3px solid currentColor}.legend .dash{border-top-style:dashed}
.legend .dqn{color:var(--dqn)}.legend .snn{color:var(--snn)}.legend .nest{color:var(--nest)}.legend .alarm{color:var(--alarm)}
${stepperCss.trim()}
details{margin:1rem 0}
footer{margin-top:4rem;padding-top:1.2rem;border-top:1px solid var(--line);color:var(--muted);font-size:.86rem}
@media (max-width:560px){.wide{display:none}.narrow{display:block}section{margin-top:2.2rem}.motion text{font-size:30px}}
@media (prefers-reduced-motion:reduce){.moving{display:none}.still{display:block}}
@media print{
@page{margin:16mm}
body{max-width:none;padding:0}
html{font-size:10.5pt}
section{margin-top:1.6rem}
figure,tr,.key{break-inside:avoid}
h2{break-after:avoid}
.moving{display:none}.still{display:block}
.wide{display:block}.narrow{display:none}
.scroll{overflow:visible}
details::details-content{content-visibility:visible;block-size:auto}
}`;
