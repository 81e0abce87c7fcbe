import { fonts, themeCss } from "../theme.ts";

/** The style that reports and the pages in the browser have in common; each adds its own. */
export const basics = `${themeCss()}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;font-family:${fonts.sans};background:var(--paper);color:var(--ink)}
a{color:var(--dqn)}
small,figcaption,caption{color:var(--muted);font-size:.86rem;line-height:1.45}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.scroll{overflow-x:auto}
.key{display:grid}
.key>div{background:var(--panel);border-left:4px solid var(--line)}
.key dt{color:var(--muted)}
.key dd{margin:.1rem 0 0}
.key small{display:block}
.key strong{display:block;font-variant-numeric:tabular-nums}
.key .dqn{border-color:var(--dqn)}.key .snn{border-color:var(--snn)}.key .nest{border-color:var(--nest)}.key .alarm{border-color:var(--alarm)}
table{border-collapse:collapse;width:100%;font-size:.93rem}
caption{text-align:left;padding-bottom:.5rem}
th,td{text-align:left;padding:.42rem .9rem .42rem 0;border-bottom:1px solid var(--line);vertical-align:top}
thead th{font-weight:600;border-bottom:2px solid var(--line)}
tbody th{font-weight:500}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td:last-child,th:last-child{padding-right:0}
summary{cursor:pointer;color:var(--dqn)}
`;
