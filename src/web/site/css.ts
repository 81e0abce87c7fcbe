import { basics } from "../../report/html/basics.ts";
import { declarations, fonts } from "../../report/theme.ts";

/** The reader's choice, where one was made, over what the system prefers. */
const chosen = (["light", "dark"] as const)
  .map((scheme) => `:root[data-theme=${scheme}]{color-scheme:${scheme};${declarations(scheme)}}`)
  .join("\n");

const page = `
html{line-height:1.5;scrollbar-gutter:stable}
body{margin:0;min-height:100vh;display:flex;flex-direction:column}
header.top,main,footer{width:100%;max-width:1120px;margin:0 auto;padding-inline:clamp(16px,4vw,40px)}
header.top{display:flex;align-items:center;gap:6px 22px;flex-wrap:wrap;padding-block:14px}
main{flex:1;padding-bottom:48px}
.brand{display:inline-flex;align-items:center;gap:9px;font-weight:700;letter-spacing:-.01em;color:var(--ink);text-decoration:none;margin-right:auto;min-height:36px}
.brand svg{width:30px;height:22px}
nav{display:flex;gap:2px;margin-left:-10px}
nav a{color:var(--muted);text-decoration:none;padding:6px 10px;border-radius:8px;min-height:36px;display:inline-flex;align-items:center}
nav a:hover{color:var(--ink);background:var(--panel)}
nav a[aria-current]{color:var(--ink);font-weight:600;box-shadow:inset 0 -2px var(--snn);border-radius:8px 8px 0 0}
h1{font-size:clamp(1.55rem,1.1rem + 2.2vw,2.3rem);line-height:1.15;letter-spacing:-.02em;margin:.55em 0 .3em;text-wrap:balance}
h2{font-size:1.02rem;letter-spacing:-.005em;line-height:1.3;margin:0 0 .5em}
p{margin:0 0 .8em;max-width:68ch}
.lead{font-size:1.06rem;color:var(--muted);margin-bottom:1.3em}
.lead strong{color:var(--ink);font-weight:600}
.skip{position:absolute;left:-999px}.skip:focus{left:12px;top:12px;background:var(--paper);padding:8px 14px;z-index:9;border-radius:8px}
.note{color:var(--muted);font-size:.86rem;line-height:1.45}
code{font-family:${fonts.mono};font-size:.88em;overflow-wrap:anywhere}
[hidden]{display:none!important}
svg[role=img]{display:block;max-width:100%}
:focus-visible{outline:2px solid var(--dqn);outline-offset:2px}
`;

const controls = `
button,.button,select,input{font:inherit;color:var(--ink)}
button,.button{background:var(--panel);border:1px solid var(--line);border-radius:9px;padding:.35em .95em;min-height:40px;cursor:pointer;text-decoration:none;display:inline-flex;align-items:center;justify-content:center;gap:.5em}
button:hover:not(:disabled),.button:hover{border-color:var(--muted)}
button:disabled{color:var(--muted);cursor:default;opacity:.75}
button.main{background:var(--ink);color:var(--paper);border-color:var(--ink);font-weight:600}
button.main:disabled{background:var(--panel);color:var(--muted);border-color:var(--line)}
button svg{width:1em;height:1em;fill:currentColor}
button.icon{min-width:40px;padding-inline:.6em}
select{min-width:0;text-overflow:ellipsis;background:var(--paper);border:1px solid var(--line);border-radius:9px;min-height:40px;padding:.3em .6em;max-width:100%}
input[type=number]{background:var(--paper);border:1px solid var(--line);border-radius:9px;min-height:40px;padding:.3em .6em;width:7em}
input[type=range]{accent-color:var(--snn);width:100%;height:28px;margin:0}
label{display:inline-flex;align-items:center;gap:.55em;min-width:0;max-width:100%}
.row{display:flex;flex-wrap:wrap;align-items:center;gap:10px}
.row.spread{justify-content:space-between}
.tabs{display:inline-flex;background:var(--panel);border-radius:11px;padding:3px;border:1px solid var(--line)}
.tabs label{position:relative}
.tabs input{position:absolute;opacity:0;inset:0;margin:0;cursor:pointer}
.tabs span{padding:.3em .95em;border-radius:8px;min-height:34px;display:inline-flex;align-items:center;color:var(--muted)}
.tabs input:checked+span{background:var(--paper);color:var(--ink);font-weight:600;box-shadow:0 1px 3px rgb(0 0 0/.14)}
.tabs input:focus-visible+span{outline:2px solid var(--dqn);outline-offset:1px}
kbd{font-family:${fonts.mono};font-size:.8em;border:1px solid var(--line);border-bottom-width:2px;border-radius:5px;padding:.05em .4em;background:var(--panel)}
.theme{min-height:36px;min-width:36px;padding:0;border-color:transparent;background:transparent}
.drop{border:2px dashed var(--line);border-radius:14px;padding:26px 20px;text-align:center;transition:border-color .15s,background .15s}
.drop.over{border-color:var(--snn);background:var(--panel)}
.drop p{margin-inline:auto}
.drop .row{justify-content:center}
.files{list-style:none;margin:14px 0 0;padding:0;display:flex;flex-wrap:wrap;gap:8px}
.files li{background:var(--panel);border-radius:8px;padding:.3em .7em;font-size:.9rem;border-left:3px solid var(--nest)}
.files li.bad{border-color:var(--alarm)}
`;

const panels = `
.card{background:var(--panel);border-radius:14px;padding:16px 18px;min-width:0}
.card.plain{background:none;border:1px solid var(--line)}
.stage{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:16px;align-items:stretch;margin-top:14px}
.stage>.card{display:flex;flex-direction:column;gap:12px}
.stage>.card>.row{margin-top:auto}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(330px,100%),1fr));gap:16px;margin-top:16px}
.full{margin-top:16px}
form.row.full{margin-top:14px}
.row.spread+canvas{margin-top:10px}
.row.spread>h2{margin:0}
#result{margin-top:16px}
canvas{display:block;width:100%;border-radius:8px}
canvas.pixels{image-rendering:pixelated}
.values{display:grid;grid-template-columns:auto 1fr auto;gap:6px 12px;align-items:center;margin:0;font-variant-numeric:tabular-nums}
.values dt{color:var(--muted)}
.values .chosen{color:var(--ink);font-weight:600}
.values .track{height:12px;border-radius:6px;background:var(--paper);position:relative;overflow:hidden}
.values .bar{position:absolute;inset:0;transform-origin:left;background:var(--muted);border-radius:6px;opacity:.55}
.values .chosen .bar{background:var(--snn);opacity:1}
.values dd{margin:0;min-width:4.5em;text-align:right}
.key{grid-template-columns:repeat(auto-fit,minmax(132px,1fr));gap:10px;margin:12px 0 0}
.key>div{border-radius:9px;padding:10px 13px}
.card .key>div{background:var(--paper)}
.key dt{font-size:.82rem;line-height:1.3}
.key strong{font-size:1.3rem;line-height:1.25;letter-spacing:-.015em}
.said{min-height:1.5em;margin:0}
.said.full{margin:14px 0 10px}
.notice{border-left:4px solid var(--alarm);background:var(--panel);border-radius:8px;padding:12px 16px;margin:16px 0 0}
.notice p{margin:0}
.notice p+p{margin-top:.3em;color:var(--muted);font-size:.92rem}
.notice.mild{border-color:var(--dqn)}
.verdict{display:flex;gap:16px;align-items:center;border-radius:14px;padding:18px 20px;background:var(--panel);border-left:6px solid var(--muted)}
.verdict strong{font-size:1.25rem;letter-spacing:-.01em;display:block;line-height:1.25}
.verdict.good{border-color:var(--nest)}.verdict.bad{border-color:var(--alarm)}
.verdict svg{width:38px;height:38px;flex:none}
.verdict.good svg{color:var(--nest)}.verdict.bad svg{color:var(--alarm)}
.same{color:var(--nest);font-weight:600}.other{color:var(--alarm);font-weight:600}
progress{width:100%;height:8px;border:0;border-radius:4px;background:var(--line);overflow:hidden;appearance:none}
progress::-webkit-progress-bar{background:var(--line)}
progress::-webkit-progress-value{background:var(--snn)}
progress::-moz-progress-bar{background:var(--snn)}
details{margin-top:16px}
footer{padding:18px 0 28px!important;width:calc(100% - 2*clamp(16px,4vw,40px))!important;max-width:1040px!important;color:var(--muted);font-size:.86rem;border-top:1px solid var(--line)}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;color:var(--muted);font-size:.86rem;margin:0;padding:0;list-style:none}
.legend li{display:inline-flex;align-items:center;gap:.45em}
.legend i{width:16px;height:0;border-top:3px solid var(--muted)}
.legend .alarm{border-color:var(--alarm)}.legend .snn{border-color:var(--snn)}.legend .dqn{border-color:var(--dqn)}.legend .nest{border-color:var(--nest)}.legend .dash{border-top-style:dashed}
@media (max-width:760px){
.stage{grid-template-columns:minmax(0,1fr)}
nav{order:3;width:100%;overflow-x:auto}
.card{padding:14px}
h1{margin-top:.3em}
}
@media (prefers-reduced-motion:reduce){*{transition:none!important}}
@media print{header.top nav,.theme{display:none}}
`;

/** The style of the pages, in the colours of reports. */
export const css = `${basics}\n${chosen}\n${page}${controls}${panels}`.replace(/\n+/g, "\n");
