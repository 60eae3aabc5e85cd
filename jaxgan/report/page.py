"""The page around the sections: its style and its small script. It loads nothing from elsewhere."""

import html

STYLE = """
:root{--bg:#fff;--panel:#f6f7f9;--ink:#1c1f26;--dim:#69707d;--rule:#e3e6eb;
--c0:#2f6fde;--c1:#e0702a;--c2:#1f9d6b;--c3:#a24fc4;--c4:#d43f5e;--c5:#0f9fb0;--c6:#9a7b00;
--c7:#7a828e}
@media(prefers-color-scheme:dark){:root{--bg:#14161a;--panel:#1c1f25;--ink:#e8eaee;--dim:#9aa2af;
--rule:#2d323b;--c0:#6ea1ff;--c1:#ff9b57;--c2:#4fcf9b;--c3:#cc86ea;--c4:#ff7a93;--c5:#4fd0de;
--c6:#d3b13c;--c7:#a3abb7}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,
-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1180px;margin:0 auto;padding:36px 24px 60px}
h1{font-size:27px;letter-spacing:-.02em;margin:0 0 4px}h2{font-size:19px;margin:44px 0 12px;
letter-spacing:-.01em}h3{font-size:14px;margin:22px 0 8px;color:var(--dim);font-weight:600}
p{color:var(--dim);margin:6px 0}code,pre{font:13px/1.5 ui-monospace,"SF Mono",Menlo,
"DejaVu Sans Mono",monospace}
.c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}
.c4{--c:var(--c4)}.c5{--c:var(--c5)}.c6{--c:var(--c6)}.c7{--c:var(--c7)}
.runs{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:16px;
margin-top:20px}
.run{background:var(--panel);border-radius:12px;padding:18px 20px}
.run h2{margin:0;font-size:17px}.run h2 i{display:inline-block;width:10px;height:10px;
border-radius:50%;background:var(--c);margin-right:9px}
.bar{height:5px;border-radius:3px;background:var(--rule);margin:12px 0 16px;overflow:hidden}
.bar div{height:100%;background:var(--c)}
.tiles{display:flex;flex-wrap:wrap;gap:12px 30px;color:var(--dim);font-size:13px}
.tiles b{display:block;font-size:22px;line-height:1.2;color:var(--ink);font-weight:650;
letter-spacing:-.02em}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:16px}
.chart{margin:0;background:var(--panel);border-radius:12px;padding:14px 14px 12px}
.chart figcaption{font-weight:600;font-size:14px;margin:0 0 6px 4px}
svg{display:block;width:100%;height:auto;touch-action:pan-y}
.rule{stroke:var(--rule)}.tick{fill:var(--dim);font-size:10.5px}.tick.y{text-anchor:end}
.tick.x{text-anchor:middle}
polyline{fill:none;stroke:var(--c);stroke-linejoin:round;stroke-linecap:round}
.line{stroke-width:1.9}.faint{stroke-width:1;opacity:.28}
.d1{stroke-dasharray:6 4}.d2{stroke-dasharray:1.5 4}
.cross{stroke:var(--dim);stroke-dasharray:2 3}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:12.5px;color:var(--dim);margin:4px 4px 0}
.legend i{display:inline-block;width:16px;border-top:2.5px solid var(--c);margin-right:6px;
vertical-align:middle}.legend i.d1{border-top-style:dashed}.legend i.d2{border-top-style:dotted}
.legend b{color:var(--ink);font-weight:600}.legend .where{margin-left:auto;white-space:nowrap}
.shares{display:flex;height:30px;border-radius:8px;overflow:hidden;margin:4px 0 12px;gap:1px}
.shares div{background:var(--c);color:#fff;font-size:12.5px;padding:5px 8px;white-space:nowrap;
overflow:hidden;min-width:2px}
.slider{display:flex;gap:14px;align-items:center;margin:4px 0 14px}.slider input{flex:1;
accent-color:var(--c0)}
button{font:inherit;font-size:13px;border:1px solid var(--rule);background:var(--panel);
color:var(--ink);border-radius:8px;padding:5px 12px;cursor:pointer}
.sheets{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:16px}
.samples{margin:0}.samples img{width:100%;max-width:800px;image-rendering:pixelated;
border-radius:8px;display:block}.samples img[hidden]{display:none}
.named{display:flex;gap:14px}.named>div+div{flex:1;min-width:0;max-width:800px}
.named .rows{display:flex;flex-direction:column;text-align:right;font-size:13px;
color:var(--dim)}.rows div{flex:1;display:flex;align-items:center;
justify-content:flex-end;white-space:nowrap}
.samples figcaption{font-size:13px;color:var(--dim);margin-bottom:6px}.samples b{color:var(--ink)}
.table{overflow-x:auto}table{border-collapse:collapse;font-size:13.5px;min-width:340px}
th{text-align:left;color:var(--dim);font-weight:600}th,td{padding:6px 22px 6px 0;
border-bottom:1px solid var(--rule);vertical-align:top}.n{text-align:right;
white-space:nowrap;padding:6px 0 6px 22px}
details{margin-top:14px}summary{cursor:pointer;color:var(--dim);font-size:13.5px;margin-bottom:8px}
pre{background:var(--panel);border-radius:12px;padding:16px 18px;overflow-x:auto;margin:8px 0}
footer{margin-top:48px;color:var(--dim);font-size:12.5px}
"""

SCRIPT = """
const L=%d,R=%d,W=%d;
const charts=[...document.querySelectorAll('.chart')].map(el=>({el,svg:el.querySelector('svg'),
 cross:el.querySelector('.cross'),values:[...el.querySelectorAll('.legend b')],
 ...JSON.parse(el.dataset.curves)}));
const text=v=>Math.abs(v)>=1e4?(v/1e3).toPrecision(4)+'k':String(+v.toPrecision(4));
function point(label,x){for(const c of charts){
 const inside=c.el.querySelector('.where').textContent.startsWith(label)&&x>=c.x[0]&&x<=c.x[1];
 c.cross.setAttribute('visibility',inside?'visible':'hidden');
 c.values.forEach((b,i)=>{b.textContent='';if(!inside)return;
  if(i==c.curves.length){b.textContent=text(x);return}
  const [xs,ys]=c.curves[i];let j=0;
  xs.forEach((v,k)=>{if(Math.abs(v-x)<Math.abs(xs[j]-x))j=k});b.textContent=text(ys[j])});
 if(inside){const p=L+(x-c.x[0])/((c.x[1]-c.x[0])||1)*(W-L-R);
  c.cross.setAttribute('x1',p);c.cross.setAttribute('x2',p)}}}
for(const c of charts){const label=c.el.querySelector('.where').firstChild.textContent.trim();
 c.svg.addEventListener('pointermove',e=>{const box=c.svg.getBoundingClientRect();
  const s=((e.clientX-box.left)/box.width*W-L)/(W-L-R);
  point(label,c.x[0]+Math.min(Math.max(s,0),1)*(c.x[1]-c.x[0]))});
 c.svg.addEventListener('pointerleave',()=>point(label,NaN))}
const when=document.getElementById('when');
function turn(){document.querySelectorAll('.samples').forEach(f=>{
 const images=[...f.querySelectorAll('img')];if(!images.length)return;
 const k=Math.round(when.value/Math.max(when.max,1)*(images.length-1));
 images.forEach((im,i)=>im.hidden=i!=k);
 f.querySelector('span').textContent=images[k].dataset.label})}
if(when){when.oninput=turn;turn();let timer=0;
 document.getElementById('play').onclick=()=>{clearInterval(timer);
  if(+when.value>=+when.max)when.value=-1;
  timer=setInterval(()=>{when.value=+when.value+1;turn();
   if(+when.value>=+when.max)clearInterval(timer)},350)}}
document.querySelectorAll('button.copy').forEach(b=>b.onclick=async()=>{
 const pre=b.parentElement.querySelector('pre');
 try{await navigator.clipboard.writeText(pre.textContent);b.textContent='Copied'}
 catch{getSelection().selectAllChildren(pre)}});
"""


def page(title: str, body: str, script: str) -> str:
    """Return a complete HTML file."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main>{body}</main><script>{script}</script></body></html>\n"
    )
