"""The explorer's page: HTML, style and script in one file, with nothing loaded from elsewhere."""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>jaxgan explore</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<link rel="icon" href="data:,">
<style>
:root{--bg:#fff;--panel:#f6f7f9;--ink:#1c1f26;--dim:#69707d;--rule:#dfe3e8;--accent:#2f6fde}
@media(prefers-color-scheme:dark){:root{--bg:#14161a;--panel:#1c1f25;--ink:#e8eaee;--dim:#9aa2af;
--rule:#333944;--accent:#6ea1ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.45 system-ui,-apple-system,
"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums}
main{display:grid;grid-template-columns:330px 1fr;gap:28px;max-width:1240px;margin:0 auto;
padding:32px 24px}
h1{font-size:21px;letter-spacing:-.02em;margin:0}h2{font-size:13px;color:var(--dim);
font-weight:600;margin:20px 0 6px}
p{color:var(--dim);margin:2px 0 0}
label{display:grid;grid-template-columns:86px 1fr 46px;gap:10px;align-items:center;margin:7px 0}
label output{text-align:right;color:var(--dim)}
input[type=range]{width:100%;accent-color:var(--accent)}
select,input[type=number]{font:inherit;color:inherit;background:var(--bg);padding:6px 8px;
border:1px solid var(--rule);border-radius:8px;width:100%}
.wide{grid-template-columns:86px 1fr}
button{font:inherit;border:1px solid var(--rule);background:var(--bg);color:var(--ink);
border-radius:8px;padding:6px 13px;cursor:pointer}button:hover{border-color:var(--accent)}
button:disabled{opacity:.4;cursor:default}
.row{display:flex;gap:8px;flex-wrap:wrap;margin:8px 0}
aside{background:var(--panel);border-radius:14px;padding:20px;align-self:start}
section{display:flex;flex-wrap:wrap;gap:28px;align-content:start;min-width:0}
figure{margin:0;flex:3 1 400px;max-width:max(340px,min(100%,100vh - 100px))}
#sound{width:100%;margin-top:10px}
#image{width:100%;image-rendering:pixelated;border-radius:14px;display:block;
background:var(--panel);aspect-ratio:1}
#frame{position:relative}
#strokes,#cursor{position:absolute;left:0;top:0}
#strokes{width:100%;height:100%;image-rendering:pixelated;border-radius:14px;touch-action:none;
cursor:crosshair}
#strokes.applied{opacity:0}
#cursor{border:2px solid var(--accent);pointer-events:none;display:none}
#strokes:focus-visible+#cursor{display:block}
#brush{margin-top:12px}#brush .row{align-items:center}
#brush label{margin:0;grid-template-columns:auto 76px}
#colour{width:100%;height:34px;padding:2px;border:1px solid var(--rule);border-radius:8px;
background:var(--bg)}
#between>h2:first-child{margin-top:0}
#t{margin:10px 0 0}
#between{flex:1 1 250px;min-width:0;max-width:480px}
#pins{display:grid;grid-template-columns:1fr 1fr;gap:12px;font-size:12px;color:var(--dim)}
#pins img{width:100%;aspect-ratio:1;border-radius:10px;background:var(--panel);display:block;
image-rendering:pixelated;object-fit:cover;margin-bottom:6px}
#pins img:not([src]){visibility:hidden}
#pins span{display:block;min-height:1.5em;margin-bottom:4px}
#pins button{width:100%}
pre{background:var(--panel);border-radius:10px;padding:12px 14px;white-space:pre-wrap;
overflow-wrap:anywhere;
font:12.5px/1.5 ui-monospace,Menlo,"DejaVu Sans Mono",monospace}
#error{color:#d43f5e;min-height:1.4em}
#t:disabled{opacity:.4}
@media(max-width:760px){main{display:flex;flex-direction:column}section{display:contents}
aside{align-self:stretch}figure{order:-1;flex:none;max-width:none}
#between{flex:none;max-width:none}}
</style></head><body><main>
<aside><h1 id="name"></h1><p id="about"></p>
<h2>Sample</h2>
<label class="wide">class<select id="class"></select></label>
<label class="wide">seed<input type="number" id="seed" min="0" max="2147483647" value="0"></label>
<div class="row"><button id="back">&larr;</button><button id="next">&rarr;</button>
<button id="any">Another</button></div>
<label id="cut">truncation<input type="range" id="truncation"><output></output></label>
<h2>Directions</h2><div id="moves"></div>
<div class="row"><button id="reset">Reset</button></div></aside>
<section><figure><div id="frame"><img id="image" alt="sample">
<canvas id="strokes" tabindex="0" role="application" hidden
aria-label="paint on the picture: arrows move, space paints"></canvas><div id="cursor"></div></div>
<audio id="sound" controls hidden></audio><p id="time">&nbsp;</p><p id="error"></p>
<div id="brush" hidden><div class="row"><label>brush<input type="color" id="colour"
value="#ffffff"></label><label>size<input type="range" id="width" min="1" step="1"></label>
<button id="apply" disabled>Apply</button><button id="clear" disabled>Clear</button></div>
<p>Paint on the picture; by keys, arrows move and space paints. Apply finds the nearest picture that
the generator can make.</p></div></figure>
<div id="between"><h2>Between two</h2>
<div id="pins"><div><img id="a" alt="A"><span></span><button id="pinA">Pin A</button></div>
<div><img id="b" alt="B"><span></span><button id="pinB">Pin B</button></div></div>
<p><input type="range" id="t" min="0" max="1" step="0.01" value="0" aria-label="from A to B"
disabled></p>
<h2>This picture</h2><pre id="code"></pre>
<div class="row"><button id="save">Save PNG</button></div></div></section>
</main><script>
const $=id=>document.getElementById(id);
let facts,pins={},busy=false,wanted=null,shown=null,file='';
const place=()=>({class:+$('class').value||0,seed:+$('seed').value||0,
 truncation:facts.truncations.length?+$('truncation').value:0,
 moves:[...document.querySelectorAll('#moves input')].map(x=>+x.value)});
const query=(a,b,t)=>'image?a='+encodeURIComponent(JSON.stringify(a))+
 (b?'&b='+encodeURIComponent(JSON.stringify(b))+'&t='+t:'');
async function fetchImage(q,body){const r=await fetch(q,body?{method:'POST',body}:{});
 if(!r.ok)throw Error(await r.text());return URL.createObjectURL(await r.blob())}
async function pump(){if(busy||!wanted)return;busy=true;const job=wanted;wanted=null;
 const start=performance.now();
 try{const url=await fetchImage(job.q,job.body);if(shown)URL.revokeObjectURL(shown);shown=url;
  const loaded=new Promise(f=>{$('image').onload=f});$('image').src=url;await loaded;
  if(facts.played)$(facts.played=='audio'?'sound':'image').src=job.q.replace('image','played');
  $('error').textContent='';const ms=Math.round(performance.now()-start);
  $('time').textContent=ms+' ms';document.body.dataset.ms=ms;
  document.body.dataset.done=job.q}
 catch(e){$('error').textContent=e.message;$('time').innerHTML='&nbsp;'}
 busy=false;pump()}
function show(q,name,body){file=name+'.png';wanted={q,body};pump()}
const label=p=>[facts.classes[p.class],'seed '+p.seed].filter(Boolean).join(', ');
const named=p=>[(facts.classes[p.class]||'').replace(/[^A-Za-z0-9]+/g,'-'),'seed'+p.seed,
 't'+p.truncation].filter(Boolean).join('_');
function draw(){const p=place();$('strokes').classList.remove('applied');
 document.querySelectorAll('label').forEach(l=>{const o=l.querySelector('output');
  if(o)o.textContent=(+l.querySelector('input').value).toFixed(2)});
 $('t').value=0;
 const name=facts.classes[p.class];
 $('code').textContent='import jaxgan\\n\\ng = jaxgan.load('+
  JSON.stringify(facts.path)+')\\ng.sample('+
  (name===undefined?'':'classes=['+JSON.stringify(name)+'], ')+'seed='+p.seed+
  ', truncation='+p.truncation+')'+(p.moves.some(x=>x)?'   # and moved along directions':'');
 show(query(p),facts.name+'_'+named(p))}
function between(){const t=$('t').value;
 $('t').title=$('code').textContent='# '+Math.round(100*t)+' % of the way from '+label(pins.a)+
  ' to '+label(pins.b);
 show(query(pins.a,pins.b,t),[facts.name,named(pins.a),'to',named(pins.b),t].join('_'))}
async function pin(k){pins[k]=place();$(k).src=await fetchImage(query(pins[k]));
 $(k).nextSibling.textContent=label(pins[k]);$('t').disabled=!(pins.a&&pins.b)}
function brush(){const c=$('strokes'),pen=c.getContext('2d');let last=null,x=0,y=0;
 [c.height,c.width]=facts.size;x=c.width/2;y=c.height/2;
 $('width').max=Math.max(2,Math.round(c.width/3));$('width').value=Math.max(1,c.width/12);
 const box=()=>{const s=+$('width').value;return [Math.round(x-s/2),Math.round(y-s/2),s]};
 const move=()=>{const [l,t,s]=box(),m=$('cursor').style;m.left=100*l/c.width+'%';
  m.top=100*t/c.height+'%';m.width=100*s/c.width+'%';m.height=100*s/c.height+'%'};
 const painted=on=>{$('apply').disabled=$('clear').disabled=!on;c.classList.remove('applied')};
 const dab=()=>{const [l,t,s]=box();pen.fillStyle=$('colour').value;pen.fillRect(l,t,s,s);
  painted(true);move()};
 const to=e=>{const b=c.getBoundingClientRect(),u=(e.clientX-b.left)/b.width*c.width,
   v=(e.clientY-b.top)/b.height*c.height,[p,q]=last||[u,v],
   n=Math.max(1,Math.ceil(2*Math.hypot(u-p,v-q)));
  for(let i=1;i<=n;i++){x=p+(u-p)*i/n;y=q+(v-q)*i/n;dab()}last=[u,v]};
 c.onpointerdown=e=>{c.setPointerCapture(e.pointerId);last=null;to(e)};
 c.onpointermove=e=>{if(e.buttons)to(e)};
 c.onkeydown=e=>{const d={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[e.key];
  if(!d&&e.key!=' ')return;e.preventDefault();if(!d)return dab();
  x=Math.min(c.width,Math.max(0,x+d[0]));y=Math.min(c.height,Math.max(0,y+d[1]));move()};
 $('width').oninput=move;move();
 $('clear').onclick=()=>{pen.clearRect(0,0,c.width,c.height);painted(false);draw()};
 $('apply').onclick=async()=>{const p=place(),body=await new Promise(f=>c.toBlob(f));
  $('time').textContent='looking for a picture like it ...';c.classList.add('applied');
  show(query(p).replace('image','edit'),facts.name+'_'+named(p)+'_edited',body)}}
async function start(){facts=await(await fetch('facts')).json();
 $('name').textContent=facts.name;document.title=facts.name+' - jaxgan';
 $('about').textContent=facts.size.join(' x ')+', '+facts.classes.length+' class'+
  (facts.classes.length==1?'':'es')+', step '+
  facts.step.toLocaleString();
 $('image').style.aspectRatio=facts.size[1]+'/'+facts.size[0];
 facts.classes.forEach((c,i)=>$('class').add(new Option(c,i)));
 if(!facts.classes.length)$('class').parentElement.hidden=true;
 $('sound').hidden=facts.played!='audio';
 $('brush').hidden=$('strokes').hidden=!facts.brush;if(facts.brush)brush();
 const t=$('truncation');
 if(facts.truncations.length){[t.min,t.max]=facts.truncations;t.step=0.01;
  t.value=Math.min(1,t.max)}
 else $('cut').hidden=true;
 for(let i=0;i<facts.directions;i++){const l=document.createElement('label');
  l.innerHTML='direction '+i+'<input type="range" step="0.05" value="0"><output></output>';
  const x=l.querySelector('input');x.min=-facts.reach;x.max=facts.reach;x.value=0;
  x.id='d'+i;$('moves').append(l)}
 document.querySelectorAll('aside input, aside select').forEach(x=>x.oninput=draw);
 $('t').oninput=between;
 const step=n=>{$('seed').value=Math.max(0,(+$('seed').value||0)+n);draw()};
 $('back').onclick=()=>step(-1);$('next').onclick=()=>step(1);
 $('any').onclick=()=>{$('seed').value=Math.floor(Math.random()*1e6);draw()};
 $('reset').onclick=()=>{document.querySelectorAll('#moves input').forEach(x=>x.value=0);draw()};
 $('pinA').onclick=()=>pin('a');$('pinB').onclick=()=>pin('b');
 $('save').onclick=()=>{const a=document.createElement('a');a.href=shown;a.download=file;a.click()};
 draw()}
start();
</script></body></html>
"""
