/** Style of the report's page: light and dark, phone to desktop, paper. Text has a contrast of 4.5 or more in both. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--ink:#1c1c1c;--soft:#595959;--line:#d8d8d8;--ground:#fff;--band:#f4f4f4;--plate:#fff;--link:#00569b;--warn:#8a4b00;--warn-ground:#fff4e0}
@media (prefers-color-scheme:dark){:root{--ink:#e9e9e9;--soft:#ababab;--line:#444;--ground:#161616;--band:#232323;--plate:#1e1e1e;--link:#7cc0ff;--warn:#ffc571;--warn-ground:#33270f}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header,main,footer{max-width:72rem;margin:0 auto;padding:1rem}main{padding-top:0}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.25rem;line-height:1.3;margin:2.25rem 0 .75rem;border-top:1px solid var(--line);padding-top:1.25rem}
p{margin:.5rem 0;max-width:48rem}.made,footer{color:var(--soft)}
a{color:var(--link)}nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;list-style:none;padding:0;margin:.75rem 0 0}
.skip{position:absolute;left:-100rem}.skip:focus{position:static}
.note{border-left:4px solid var(--warn);background:var(--warn-ground);padding:.5rem .75rem;border-radius:0 4px 4px 0}
.tables{display:flex;flex-wrap:wrap;gap:0 2rem;align-items:flex-start}.tables>*{max-width:100%;min-width:min(100%,27rem)}.tables>details{flex-basis:100%}
main>section:first-child h2{margin-top:.5rem}
.scroll{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;font-size:.9rem;overflow-wrap:normal;min-width:min(27rem,100%)}
caption{text-align:left;color:var(--soft);padding:.25rem 0}
caption span{position:sticky;left:0;display:block;max-width:min(46rem,calc(100vw - 2.5rem))}
th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th{background:var(--band);vertical-align:bottom}
tbody th{font-weight:600;position:sticky;left:0;background:var(--ground);max-width:16rem;overflow-wrap:break-word;min-width:5rem}
td.text{max-width:26rem;min-width:5rem;overflow-wrap:anywhere}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.interval{color:var(--soft)}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,27rem),1fr));gap:1.5rem;align-items:start;margin:1rem 0}
figure{margin:0;min-width:0}figure.wide{grid-column:1/-1}
figure svg{display:block;max-width:100%;height:auto;background:var(--plate);border:1px solid var(--line);border-radius:6px}
figcaption{color:var(--soft);font-size:.9rem;max-width:46rem;margin-top:.4rem}
svg.phone{display:none}
@media (max-width:44rem){svg.phone{display:block}svg.desk{display:none}tbody th{max-width:9.5rem}}
details{margin:1rem 0}summary{cursor:pointer;color:var(--link)}
@media (prefers-color-scheme:dark){
figure svg>rect[fill="#FFFFFF"]{fill:var(--plate)}
figure svg [fill="#222222"]{fill:var(--ink)}figure svg [stroke="#222222"]{stroke:var(--ink)}
figure svg [stroke="#E3E3E3"]{stroke:#3a3a3a}
figure svg [fill="#4D4D4D"]{fill:#b5b5b5}figure svg [stroke="#4D4D4D"]{stroke:#b5b5b5}
figure svg [fill="#0072B2"]{fill:#3d9bd6}figure svg [stroke="#0072B2"]{stroke:#3d9bd6}
}
@media print{nav,.skip{display:none}figure,tr{break-inside:avoid}.scroll{overflow:visible}}
`;
