// The agent's eyes and hands in a page. It lives in an isolated world: it sees the page's DOM, the
// page does not see it, and nothing the page redefines (Array.prototype, JSON, ...) reaches it.
// Roles and accessible names are the browser's own (computedRole, computedName).
(() => {
  if (window.__usher) return;
  const nodes = [];           // handles given out; a handle is an index
  const secretNodes = new Set(); // inputs that hold a secret
  let gate = null;            // what may be touched now; nothing by default
  let verdict = null;

  const fold = (s) => (s || '').normalize('NFC').replace(/[\p{Co}\p{Cc}\p{Cf}]/gu, ' ').replace(/\s+/g, ' ').trim().toLowerCase();
  const regexps = new Map();
  const regexp = (src) => {
    if (!regexps.has(src)) regexps.set(src, new RegExp(src, 'i'));
    return regexps.get(src);
  };
  // Names carry noise at their ends: "*" and ":" of required fields, badges of icon fonts.
  const bare = (s) => fold(s).replace(/[\s*:]+$/u, '').replace(/^[\s*:]+/u, '');
  const matches = (words, text) => {
    const t = fold(text), b = bare(text);
    return words.some((w) => (w[0] === '~' ? regexp(w.slice(1)).test(t) : fold(w) === t || bare(w) === b));
  };

  const roleCSS = {
    button: 'button,[role=button],input[type=submit],input[type=button],input[type=reset],summary',
    link: 'a[href],[role=link]',
    textbox: 'input:not([type]),input[type=text],input[type=email],input[type=password],input[type=tel],input[type=url],input[type=number],textarea,[role=textbox],[contenteditable]',
    searchbox: 'input[type=search],[role=searchbox]',
    checkbox: 'input[type=checkbox],[role=checkbox]',
    switch: '[role=switch],input[type=checkbox]',
    combobox: 'select,[role=combobox],input[list]',
    listbox: 'select[multiple],[role=listbox]',
    option: 'option,[role=option]',
    menu: '[role=menu]', menuitem: '[role=menuitem]', menubar: '[role=menubar]',
    heading: 'h1,h2,h3,h4,h5,h6,[role=heading]',
    dialog: 'dialog,[role=dialog]', alertdialog: '[role=alertdialog]', alert: '[role=alert]', status: '[role=status],output',
    grid: '[role=grid]', treegrid: '[role=treegrid]', table: 'table,[role=table]',
    row: 'tr,[role=row]', tab: '[role=tab]', navigation: 'nav,[role=navigation]', main: 'main,[role=main]',
    img: 'img,[role=img]', list: 'ul,ol,[role=list]', listitem: 'li,[role=listitem]', form: 'form,[role=form]',
    region: 'section,[role=region]', presentation: '[role=presentation],[role=none]', paragraph: 'p,[role=paragraph]',
    complementary: 'aside,[role=complementary]', columnheader: 'th,[role=columnheader]',
    progressbar: '[role=progressbar],progress', banner: 'header,[role=banner]', toolbar: '[role=toolbar]',
  };
  // querySelectorAll through open shadow roots.
  const all = (root, css) => {
    const out = [...root.querySelectorAll(css)];
    if (!hasShadow()) return out;
    for (const el of root.querySelectorAll('*')) if (el.shadowRoot) out.push(...all(el.shadowRoot, css));
    return out;
  };
  let shadowSeen = null, shadowAt = 0;
  const hasShadow = () => {
    const now = performance.now();
    if (shadowSeen === null || now - shadowAt > 1000) {
      shadowSeen = [...document.querySelectorAll('*')].some((e) => e.shadowRoot);
      shadowAt = now;
    }
    return shadowSeen;
  };
  const parent = (n) => n.parentElement || (n.getRootNode() instanceof ShadowRoot ? n.getRootNode().host : null);
  const inside = (n, root) => {
    if (root === document) return n.isConnected;
    for (let p = n; p; p = parent(p)) if (p === root) return true;
    return false;
  };
  const visible = (el, hover) => {
    if (!el.isConnected) return false;
    const r = el.getBoundingClientRect();
    if (r.width < 1 || r.height < 1) return false;
    // A drawn tick box hides the real one under a picture of it, by opacity alone.
    if (!hover && el.matches('input[type=checkbox],input[type=radio]')) return el.parentElement.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    return hover ? el.checkVisibility({}) : el.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  };
  const enabled = (el) => !el.matches(':disabled') && !el.closest('[aria-disabled=true]');

  // ownText is the text of a node without that of hidden children; lines keep block structure.
  const lines = (el) => {
    const out = [];
    const walker = document.createTreeWalker(el, NodeFilter.SHOW_TEXT);
    let last = null;
    for (let n = walker.nextNode(); n; n = walker.nextNode()) {
      const t = n.nodeValue.replace(/\s+/g, ' ');
      const p = n.parentElement;
      if (!t.trim()) { if (p === last && t) out[out.length - 1] += ' '; continue; }
      // Hidden within el; that el itself lies behind a modal does not matter.
      const veil = p.closest('[aria-hidden=true],[hidden],script,style');
      if (veil && el.contains(veil) && veil !== el) continue;
      if (p === last) out[out.length - 1] += t; else out.push(t);
      last = p;
    }
    return out.map((s) => s.trim()).filter(Boolean);
  };
  const text = (el) => lines(el).join(' ');

  // A cheap hay in which the accessible name must be found before the browser is asked for it
  // (computedName costs milliseconds on a large page).
  const hay = (el) => {
    const s = [el.textContent, el.getAttribute('aria-label'), el.getAttribute('title'), el.getAttribute('placeholder'), el.getAttribute('alt'), el.value];
    const by = el.getAttribute('aria-labelledby');
    if (by) s.push(by.split(/\s+/).map((id) => el.getRootNode().getElementById(id)?.textContent || '').join(' '));
    if (el.labels) for (const l of el.labels) s.push(l.textContent);
    for (const d of el.querySelectorAll('[aria-label],[title],img[alt]')) s.push(d.getAttribute('aria-label'), d.getAttribute('title'), d.getAttribute('alt'));
    return s.filter(Boolean).map(fold);
  };
  const likely = (words, el) => {
    const h = hay(el), whole = h.join(' ');
    return words.some((w) => (w[0] === '~' ? h.some((t) => regexp(w.slice(1)).test(t) || regexp(w.slice(1)).test(bare(t))) : whole.includes(bare(w))));
  };
  // named keeps the nodes of a role whose accessible name is one of the words. A name put together
  // from several texts may escape the hay: where few nodes are left, all of them are asked.
  const named = (nodes, role, words) => {
    const is = (el) => el.computedRole === role && (!words || matches(words, el.computedName));
    if (!words) return nodes.filter(is);
    const out = nodes.filter((el) => likely(words, el) && is(el));
    return out.length || nodes.length > 12 ? out : nodes.filter(is);
  };

  const labelled = (words, root) => {
    const out = [];
    for (const el of all(root, 'input,select,textarea,[role=combobox],[role=textbox],[role=checkbox],[role=switch]')) {
      const ls = el.labels ? [...el.labels].map((l) => l.textContent) : [];
      const by = el.getAttribute('aria-labelledby');
      if (by) ls.push(by.split(/\s+/).map((id) => el.getRootNode().getElementById(id)?.textContent || '').join(' '));
      if (el.getAttribute('aria-label')) ls.push(el.getAttribute('aria-label'));
      if (ls.some((l) => matches(words, l))) out.push(el);
    }
    return out;
  };
  const ownText = (el) => [...el.childNodes].filter((n) => n.nodeType === 3).map((n) => n.nodeValue).join(' ');
  const withText = (words, root) => {
    const seen = new Set(), out = [];
    const walk = (r) => {
      const w = document.createTreeWalker(r, NodeFilter.SHOW_TEXT);
      for (let n = w.nextNode(); n; n = w.nextNode()) {
        const el = n.parentElement;
        if (!el || seen.has(el) || !n.nodeValue.trim()) continue;
        seen.add(el);
        if (/^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE|OPTION)$/.test(el.tagName)) continue;
        if (matches(words, ownText(el)) || (el.firstElementChild && matches(words, text(el)))) out.push(el);
      }
      if (hasShadow()) for (const e of r.querySelectorAll('*')) if (e.shadowRoot) walk(e.shadowRoot);
    };
    walk(root === document ? document.documentElement : root);
    return out;
  };

  const candidate = (c, root, hover) => {
    if (c.role) {
      const css = roleCSS[c.role] || `[role="${CSS.escape(c.role)}"]`;
      return named(all(root, css).filter((el) => visible(el, hover)), c.role, c.name);
    }
    if (c.label) return labelled(c.label, root);
    if (c.text) return withText(c.text, root);
    if (c.hint) return all(root, '[placeholder]').filter((el) => matches(c.hint, el.getAttribute('placeholder')));
    if (c.test) return all(root, ['data-cy', 'data-testid', 'data-test', 'data-test-id'].map((a) => `[${a}="${CSS.escape(c.test)}"]`).join(','));
    if (c.attr) { const i = c.attr.indexOf('='); return all(root, `[${c.attr.slice(0, i)}="${CSS.escape(c.attr.slice(i + 1))}"]`); }
    return all(root, c.css);
  };

  // scopes returns the places in which an element is looked for: its row, its container, or the
  // document. An empty list means that the place itself is not there.
  const scope = (spec) => {
    if (spec.row) {
      const rows = rowsOf(spec.row.table, true).filter((r) => r.node && fold(r.values[spec.row.table.key]) === fold(spec.row.key) && (!spec.row.id || !r.id || r.id === spec.row.id));
      if (rows.length === 0) return { why: 'no row of ' + spec.row.key };
      if (rows.length > 1) return { why: 'more than one row of ' + spec.row.key, many: true };
      return { root: rows[0].node };
    }
    if (spec.in) {
      const r = find(spec.in);
      if (r.state !== 'one') return { why: `its container ${spec.in.name} is ${r.state}` + (r.why ? ': ' + r.why : ''), many: r.state !== 'none' };
      return { root: r.node };
    }
    return { root: document };
  };

  // find resolves a spec: one node, or why not. Every candidate is tried: two that lead to
  // different nodes contradict one another, whichever comes first.
  const find = (spec) => {
    const s = scope(spec);
    if (!s.root) return { state: s.many ? 'many' : 'none', why: s.why };
    let node = null, by = -1, agree = [], failed = [], many = '';
    for (let i = 0; i < spec.find.length; i++) {
      const seen = new Set();
      for (const el of candidate(spec.find[i], s.root, spec.hover)) {
        if (!visible(el, spec.hover)) continue;
        if (spec.not && matches(spec.not, el.computedName || text(el))) continue; // check: not
        seen.add(el);
      }
      // A node and its own wrapper are one: keep the innermost.
      const found = [...seen].filter((el) => ![...seen].some((o) => o !== el && el.contains(o)));
      if (found.length > 1) { if (!node) { many = `${found.length} answer to candidate ${i + 1}`; break; } failed.push(i); continue; } // check: many
      if (found.length === 0) { failed.push(i); continue; }
      if (!node) { node = found[0]; by = i; agree.push(i); } else if (node === found[0] || node.contains(found[0]) || found[0].contains(node)) agree.push(i);
      else return { state: 'contradiction', why: `candidate ${by + 1} and candidate ${i + 1} lead to different elements` }; // check: contradiction
    }
    if (many) return { state: 'many', why: many };
    if (!node) return { state: 'none', why: 'no candidate finds it' };
    return { state: 'one', node, by, agree, failed };
  };
  const handle = (node) => { let i = nodes.indexOf(node); if (i < 0) { nodes.push(node); i = nodes.length - 1; } return i; };
  const box = (el) => { const r = el.getBoundingClientRect(); return { x: r.x, y: r.y, w: r.width, h: r.height }; };
  const report = (r) => (r.state !== 'one' ? { state: r.state, why: r.why || '' } : {
    state: 'one', handle: handle(r.node), by: r.by, agree: r.agree, failed: r.failed, box: box(r.node), enabled: enabled(r.node),
    role: r.node.computedRole, name: (r.node.computedName || '').slice(0, 300), tag: r.node.tagName.toLowerCase(), text: text(r.node).slice(0, 2000),
  });

  // deepest element under a point, through open shadow roots.
  const at = (x, y) => {
    let el = document.elementFromPoint(x, y);
    while (el && el.shadowRoot) { const d = el.shadowRoot.elementFromPoint(x, y); if (!d || d === el) break; el = d; }
    return el;
  };
  const covers = (hit, node) => hit && (inside(hit, node) || (hit.contains(node) && hit.tagName === 'LABEL') ||
    // A wrapper over an input that lets pointer events pass is the input itself.
    (node.tagName === 'INPUT' && hit.contains(node) && hit.querySelectorAll('input').length === 1));
  const looks = (el) => { const r = el.getBoundingClientRect(); return `${el.tagName.toLowerCase()}${el.getAttribute('role') ? '[role=' + el.getAttribute('role') + ']' : ''} ${Math.round(r.width)}x${Math.round(r.height)}`; };

  // holds checks, at the very moment of an event, that the node is still what it was taken for.
  // What surrounds an address is not of it ("Remove ann@example.com?"); an apostrophe within it is.
  const addresses = (s) => s.match(/[^\s<>()[\]"“”‘’',;:][^\s<>()[\]"“”‘’,;:]*@(?:[\p{L}\p{N}-]+\.)+[\p{L}\p{N}-]+/gu) || [];
  const mails = (s) => addresses(s).map(fold);
  // says tells whether a dialog or panel is of the subject and of the act; "" if it is.
  const says = (c) => {
    const p = find(c.spec);
    if (p.state !== 'one') return `${c.spec.name} is ${p.state}`; // check: confirmation
    const t = text(p.node), found = mails(t);
    if (c.email && found.length && !found.every((m) => m === fold(c.email))) return `${c.spec.name} names ${found.filter((m) => m !== fold(c.email))[0]}, not ${c.email}`; // check: subject
    if (c.email && !found.length && !(c.person && fold(t).includes(fold(c.person)))) return `${c.spec.name} does not name ${c.email}`; // check: subject
    if (c.verb && !regexp(c.verb).test(t)) return `${c.spec.name} does not speak of the act`; // check: act
    return '';
  };
  const emptied = 'a field does not hold what was typed';
  const holds = (g) => {
    if (!g.node.isConnected) return 'it is gone from the page';
    const r = find(g.spec);
    if (r.state !== 'one') return `it is ${r.state} now: ${r.why || ''}`; // check: same
    if (r.node !== g.node) return 'another element answers to its name now'; // check: same
    if (!enabled(g.node)) return 'it is disabled'; // check: disabled
    if (fold(g.node.computedName) !== fold(g.name)) return `its name is ${JSON.stringify(g.node.computedName)} now`; // check: name
    if (g.node.computedRole !== g.role) return `its role is ${g.node.computedRole} now`; // check: role
    for (const c of g.checks || []) { const why = says(c); if (why) return why; }
    for (const v of g.values || []) if (!nodes[v.handle].isConnected || nodes[v.handle].value !== v.value) return emptied; // check: fields
    return '';
  };

  // The gate. Trusted events come only from the agent (nobody sits before this browser), so all
  // that it did not announce are stopped before the page sees them. A navigation closes the gate.
  const touch = (e) => {
    if (!e.isTrusted) return;
    const stop = (why) => { e.preventDefault(); e.stopImmediatePropagation(); if (verdict && !verdict.blocked) verdict.blocked = why; };
    if (!gate) return stop('nothing was announced'); // check: announced
    if (gate.kind === 'type') {
      if (e.type !== 'beforeinput') return;
      if (e.composedPath()[0] !== gate.node) return stop('the text went to another field'); // check: field
      if (gate.origins && !(gate.origins.includes(location.origin) && window.top === window)) return stop(`the page is of ${location.origin}`); // check: origin
      verdict.delivered.push(e.type);
      return;
    }
    if (gate.kind !== 'press' || e.type === 'beforeinput') return stop('not announced');
    if (!e.composedPath().includes(gate.node) && !covers(e.composedPath()[0], gate.node)) return stop(`the event went to ${looks(e.composedPath()[0])}`); // check: target
    if (e.type === 'pointerdown' || e.type === 'mousedown' || e.type === 'click') {
      const why = verdict.blocked || holds(gate);
      if (why) return stop(why);
    } else if (verdict.blocked) return stop(verdict.blocked);
    verdict.delivered.push(e.type);
  };
  for (const t of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'dblclick', 'contextmenu', 'beforeinput', 'keydown', 'keyup', 'keypress', 'touchstart', 'touchend', 'drop', 'paste']) window.addEventListener(t, touch, { capture: true, passive: false });

  const frame = () => new Promise((ok) => { let done = false; const f = () => { if (!done) { done = true; ok(); } }; requestAnimationFrame(f); setTimeout(f, 100); });
  const sleep = (ms) => new Promise((ok) => setTimeout(ok, ms));

  // aim brings the node into view, waits until its box is still, and says where to press, or why not.
  const aim = async (spec, opts) => {
    gate = null; verdict = null;
    const r = find(spec);
    if (r.state === 'none' && spec.hover && spec.row) {
      // It shows itself only while the pointer is over its row.
      const s = scope(spec);
      if (!s.root) return { state: 'none', why: s.why };
      s.root.scrollIntoView({ block: 'nearest', behavior: 'instant' });
      await frame();
      const b = s.root.getBoundingClientRect();
      return { state: 'hover', why: 'it does not show itself under the pointer', x: b.x + b.width / 2, y: b.y + b.height / 2 };
    }
    if (r.state !== 'one') return { state: r.state, why: r.why };
    const el = r.node;
    if (!enabled(el)) return { state: 'disabled', why: 'it is disabled' }; // check: disabled
    const b0 = el.getBoundingClientRect();
    if (b0.top < 0 || b0.left < 0 || b0.bottom > innerHeight || b0.right > innerWidth) el.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    let b = el.getBoundingClientRect(), still = 0;
    for (let i = 0; i < 60 && still < 2; i++) {
      await frame();
      const n = el.getBoundingClientRect();
      still = n.x === b.x && n.y === b.y && n.width === b.width && n.height === b.height ? still + 1 : 0;
      b = n;
    }
    if (still < 2) return { state: 'moving', why: 'it does not come to rest' };
    const x = Math.max(0, b.x) + (Math.min(innerWidth, b.right) - Math.max(0, b.x)) / 2, y = Math.max(0, b.y) + (Math.min(innerHeight, b.bottom) - Math.max(0, b.y)) / 2;
    const hit = at(x, y);
    if (!covers(hit, el)) { // check: covered
      // Under the pointer already, and still covered: that is no matter of hovering.
      if (spec.hover && !opts.hovered) return { state: 'hover', why: 'it does not come out under the pointer', x, y };
      return { state: 'covered', why: hit ? `${looks(hit)} lies over it` : 'it is outside the window' };
    }
    gate = { kind: 'press', node: el, spec, name: el.computedName, role: el.computedRole, checks: opts.checks, values: opts.values };
    verdict = { delivered: [], blocked: '' };
    const why = holds(gate);
    if (why) { gate = null; return { state: why === emptied ? 'emptied' : 'mismatch', why }; }
    return { state: 'one', x, y, name: (el.computedName || '').slice(0, 300), role: el.computedRole, by: r.by, failed: r.failed, agree: r.agree };
  };
  // release closes the gate and says what got through.
  const release = () => { const v = verdict || { delivered: [], blocked: 'the page changed' }; gate = null; verdict = null; return v; };

  // ready prepares a field to be typed into: focus, all selected, the gate open for it alone.
  const ready = (spec, opts) => {
    gate = null; verdict = null;
    const r = find(spec);
    if (r.state !== 'one') return { state: r.state, why: r.why };
    const el = r.node;
    if (!enabled(el) || el.readOnly) return { state: 'disabled', why: 'it does not take text now' };
    if (opts.origins && !(opts.origins.includes(location.origin) && window.top === window)) return { state: 'origin', why: `the page is of ${location.origin}, which is not an address of this connection` }; // check: origin
    if (opts.secret) secretNodes.add(el);
    el.scrollIntoView({ block: 'nearest', behavior: 'instant' });
    el.focus();
    if (el.select) el.select(); else getSelection().selectAllChildren(el);
    gate = { kind: 'type', node: el, origins: opts.origins };
    verdict = { delivered: [], blocked: '' };
    return { state: 'one', handle: handle(el), by: r.by, failed: r.failed, empty: !(el.value || '') };
  };
  // put types into the field that was made ready: in this document alone, and in one go. Text that is
  // sent to whatever has the focus would follow the focus into a frame of another origin, too.
  const put = (h, value) => {
    const el = nodes[h];
    if (!gate || gate.kind !== 'type' || gate.node !== el) return 'nothing was announced';
    if (el.getRootNode().activeElement !== el) return 'the text went to another field'; // check: field
    if (gate.origins && !(gate.origins.includes(location.origin) && window.top === window)) return `the page is of ${location.origin}`; // check: origin
    return document.execCommand('insertText', false, value) ? '' : 'it takes no text';
  };
  const holdsValue = (h, value) => { const el = nodes[h]; return !!el && el.isConnected && (el.value ?? el.textContent) === value; };
  const clearField = (h) => {
    // All of it is selected since it was made ready.
    const el = nodes[h];
    if (!el || el.getRootNode().activeElement !== el) return false;
    document.execCommand('delete');
    return !(el.value || '');
  };

  // ---- tables -------------------------------------------------------------------------------
  const cellsOf = (t, row) => {
    if (t.cell) return [...row.querySelectorAll(t.cell)];
    let c = [...row.querySelectorAll('[role=gridcell],[role=cell],[role=rowheader]')];
    if (!c.length) c = [...row.querySelectorAll('td,th')];
    return c.filter((e) => e.getAttribute('role') !== 'presentation');
  };
  const headersOf = (t, root) => {
    let hs = t.header ? [...root.querySelectorAll(t.header)] : [...root.querySelectorAll('[role=columnheader],thead th')];
    return hs.map((h, i) => ({ node: h, text: text(h) || h.getAttribute('aria-label') || '', col: Number(h.getAttribute('aria-colindex')) || i + 1 }));
  };
  const rowNodes = (t, root) => {
    const rs = t.row ? [...root.querySelectorAll(t.row)] : [...root.querySelectorAll('[role=row],tr')];
    const wide = headersOf(t, root).length > 1;
    // A row of one wide cell is a word about the list ("nobody found"), not one of its members.
    return rs.filter((r) => !(wide && r.querySelector('td[colspan]') && cellsOf(t, r).length === 1) && !r.querySelector('[role=columnheader]') && !(r.closest('thead')) && (t.row || cellsOf(t, r).length > 0));
  };
  const valueOf = (col, ls) => {
    if (col.take === 'email') { const m = addresses(ls.join(' ')); return m.length && m.every((x) => fold(x) === fold(m[0])) ? m[0] : ''; }
    if (col.take === 'first') return ls[0] || '';
    return ls.join(' ');
  };
  // columns maps each column of the sheet to a place, by header text: exactly one, or a reason.
  const columnsOf = (t, root) => {
    const hs = headersOf(t, root), out = {}, problems = [], used = new Set();
    for (const [name, c] of Object.entries(t.columns)) {
      const hit = hs.filter((h) => matches(c.header, h.text));
      if (hit.length === 1) { out[name] = hit[0].col; used.add(hit[0].node); } else if (hit.length > 1) problems.push(`column ${name}: ${hit.length} headers say ${JSON.stringify(hit[0].text)}`);
      else if (!c.optional) problems.push(`column ${name}: no header says ${c.header.join(' or ')}`);
    }
    return { out, problems, headers: hs.map((h) => h.text), extra: hs.filter((h) => !used.has(h.node) && h.text).map((h) => h.text) };
  };
  const readRow = (t, cols, row) => {
    const cells = cellsOf(t, row), byCol = {};
    cells.forEach((c, i) => { byCol[Number(c.getAttribute('aria-colindex')) || i + 1] = c; });
    const values = {};
    for (const [name, col] of Object.entries(cols)) { const c = byCol[col]; values[name] = c ? valueOf(t.columns[name], lines(c)) : ''; }
    return { id: (t.id && row.getAttribute(t.id)) || '', index: Number(row.getAttribute('aria-rowindex')) || 0, values, text: lines(row).join(' ') };
  };
  const tableRoot = (t) => find(t.in);
  const rowsOf = (t, withNodes) => {
    const r = tableRoot(t);
    if (r.state !== 'one') return [];
    const cols = columnsOf(t, r.node).out;
    return rowNodes(t, r.node).filter((n) => !(t.loading && (n.matches(t.loading) || n.querySelector(t.loading)))).map((n) => { const v = readRow(t, cols, n); if (withNodes) v.node = n; return v; });
  };

  const scroller = (root) => {
    let best = null;
    const scrolls = (e) => /(auto|scroll|overlay)/.test(getComputedStyle(e).overflowY) && e.scrollHeight > e.clientHeight + 1;
    for (const e of [root, ...root.querySelectorAll('*')]) if (e.scrollHeight > e.clientHeight + 1 && e.clientHeight > 20 && scrolls(e) && (!best || e.scrollHeight > best.scrollHeight)) best = e;
    for (let p = parent(root); p; p = parent(p)) if (p !== document.body && p !== document.documentElement && scrolls(p) && (!best || p.scrollHeight > best.scrollHeight)) best = p;
    const page = document.scrollingElement;
    if (!best && page.scrollHeight > page.clientHeight + 1) best = page;
    return best;
  };
  const total = (t) => {
    if (!t.total) return { state: 'none', text: '' };
    const r = find(t.total);
    return r.state === 'one' ? { state: 'one', text: text(r.node) || r.node.computedName } : { state: r.state, text: '' };
  };
  const rowcount = (root) => {
    const el = root.matches('[aria-rowcount]') ? root : root.querySelector('[aria-rowcount]') || root.closest('[aria-rowcount]');
    if (!el) return { all: -1, headers: 0 };
    const headers = [...root.querySelectorAll('[role=row],tr')].filter((r) => r.querySelector('[role=columnheader],th') && r.hasAttribute('aria-rowindex')).length;
    return { all: Number(el.getAttribute('aria-rowcount')), headers };
  };
  const loading = (t, root) => root.closest('[aria-busy=true]') || !!t.loading && [...root.querySelectorAll(t.loading)].some((e) => { const b = e.getBoundingClientRect(); return b.height > 0 && e.checkVisibility(); });

  let seen = null; // of the walk under way: identity -> true
  const walkState = { node: new WeakMap() };
  const look = (t) => {
    const r = tableRoot(t);
    if (r.state !== 'one') return { state: r.state, why: `${t.in.name}: ${r.why || ''}` };
    const c = columnsOf(t, r.node);
    if (c.problems.length) return { state: 'columns', why: c.problems.join('; '), headers: c.headers };
    return { state: 'one', headers: c.headers, extra: c.extra, cols: Object.keys(c.out), total: total(t), rowcount: rowcount(r.node), rows: rowNodes(t, r.node).length, loading: !!loading(t, r.node), empty: t.empty ? find(t.empty).state === 'one' : false };
  };
  const begin = () => { seen = new Set(); walkState.node = new WeakMap(); walkState.page = 1; };
  const take = (t, root, cols, out) => {
    for (const n of rowNodes(t, root)) {
      if (t.loading && (n.matches(t.loading) || n.querySelector(t.loading))) continue;
      const sig = (t.id ? n.getAttribute(t.id) : '') + '\u0000' + n.textContent;
      if (walkState.node.get(n) === sig) continue;
      const v = readRow(t, cols, n);
      walkState.node.set(n, sig);
      const key = v.id ? 'id:' + v.id : 'key:' + fold(v.values[t.key]) + '\u0000' + fold(n.textContent);
      if (seen.has(key)) { out.again++; continue; }
      seen.add(key);
      out.rows.push(v);
    }
  };
  // Where rows carry ids these alone count: a cell that ticks ("5 s ago") is no other page.
  const signature = (t, root) => rowNodes(t, root).map((n) => (t.id && n.getAttribute(t.id)) || n.textContent).join('\u0001');
  // settle waits until the table is there and shows no placeholders; it returns its root.
  const settle = async (t, until) => {
    for (;;) {
      const r = tableRoot(t);
      if (r.state === 'one' && !loading(t, r.node)) return r.node;
      if (performance.now() > until) return r.state === 'one' ? 'rows stay under placeholders' : `${t.in.name} is ${r.state}`;
      await sleep(15);
    }
  };
  const changed = async (t, before, until) => {
    for (;;) {
      const r = tableRoot(t);
      if (r.state === 'one' && !loading(t, r.node) && signature(t, r.node) !== before) return true;
      if (performance.now() > until) return false;
      await sleep(15);
    }
  };
  // step reads and goes on for at most budget ms; it returns what is new, and whether the end came.
  // want is the number of rows the console claims (-1: unknown): the end is not believed before it.
  const step = async (t, budget, patience, want) => {
    const out = { rows: [], again: 0, end: false, why: '', moves: 0, pressed: false };
    const start = performance.now();
    let why = null;
    while (performance.now() - start < budget) {
      const root = await settle(t, performance.now() + patience);
      if (typeof root === 'string') { out.why = root; return out; }
      const c = columnsOf(t, root);
      if (c.problems.length) { out.why = c.problems.join('; '); return out; }
      take(t, root, c.out, out);
      const before = signature(t, root);
      const press = (spec) => { if (!spec) return null; const r = find(spec); return r.state === 'one' && enabled(r.node) ? r.node : null; };
      const tableNode = root;
      let sc = t.scroll ? scroller(tableNode) : null;
      // A virtualised page inside a pager: scroll to its end first.
      if (sc && sc.scrollTop + sc.clientHeight < sc.scrollHeight - 1) {
        sc.scrollTop += Math.max(40, Math.floor(sc.clientHeight * 0.8));
        sc.dispatchEvent(new Event('scroll'));
        out.moves++;
        await frame(); await frame();
        continue;
      }
      // A page past the end: a pager that does not know the total leads there.
      if (walkState.page > 1 && t.empty && rowNodes(t, root).length === 0 && find(t.empty).state === 'one') { out.end = true; return out; }
      let btn = press(t.next);
      if (!btn && t.number) {
        const spec = JSON.parse(JSON.stringify(t.number).replaceAll('{page}', String(walkState.page + 1)));
        btn = press(spec);
      }
      const more = btn ? null : press(t.more);
      if (btn || more) {
        // Rows may still be coming, a few in a frame: leave only what stands still.
        await frame(); await frame();
        const now = tableRoot(t);
        if (now.state !== 'one' || signature(t, now.node) !== before || loading(t, now.node)) continue;
        (btn || more).click();
        out.moves++; out.pressed = true;
        if (!(await changed(t, before, performance.now() + patience))) { out.why = `pressed for more rows, and nothing changed in ${patience} ms`; return out; }
        if (btn) { walkState.page++; if (sc) sc.scrollTop = 0; }
        continue;
      }
      // No way on is to be seen. A list that grows by itself, or a control that is busy, gets time:
      // all of the patience while the console claims more, a short while where it claims nothing.
      const grace = performance.now() + (want > seen.size ? patience : t.scroll && want !== seen.size ? 700 : 150);
      let grew = false, nudged = performance.now();
      while (performance.now() < grace) {
        await sleep(50);
        const r = tableRoot(t);
        if (r.state !== 'one') continue;
        if (signature(t, r.node) !== before || loading(t, r.node) || press(t.next) || press(t.more)) { grew = true; break; }
        sc = t.scroll ? scroller(r.node) : null;
        if (sc && sc.scrollTop + sc.clientHeight < sc.scrollHeight - 1) { grew = true; break; }
        // A list that watches for its end may miss that it came into view (it is told of several
        // moves at once and heeds the first): up a little and down again, as a person would.
        if (sc && performance.now() - nudged > 250) {
          nudged = performance.now();
          sc.scrollTop -= Math.floor(sc.clientHeight / 2) + 150;
          await frame(); await frame();
          sc.scrollTop = sc.scrollHeight;
          await frame();
        }
      }
      if (grew) { if (t.scroll) walkState.grew = true; continue; }
      out.end = true;
      return out;
    }
    return out;
  };

  // ---- pictures -----------------------------------------------------------------------------
  let masked = [];
  // All that a picture shows and a script may look into: shadow trees, frames of the same origin.
  const roots = (root, out = []) => {
    out.push(root);
    for (const el of root.querySelectorAll('*')) {
      if (el.shadowRoot) roots(el.shadowRoot, out);
      if (el.tagName === 'IFRAME' && el.contentDocument) roots(el.contentDocument, out);
    }
    return out;
  };
  const mask = (secrets) => {
    const places = roots(document), inAll = (css) => places.flatMap((r) => [...r.querySelectorAll(css)]);
    const t = places.map((r) => (r.body ? [r.body] : [...r.children]).map((el) => el.innerText || '').join('')).join('\n');
    if (secrets.some((s) => s.length > 3 && t.includes(s))) return 'a secret stands in the page';
    masked = [];
    for (const el of new Set([...secretNodes, ...inAll('input[type=password],input[autocomplete=one-time-code]')])) {
      masked.push([el, el.getAttribute('style')]);
      for (const [k, v] of [['color', 'transparent'], ['-webkit-text-fill-color', 'transparent'], ['-webkit-text-security', 'disc'], ['background', '#888']]) el.style.setProperty(k, v, 'important');
    }
    for (const el of inAll('input,textarea')) {
      if (secrets.some((s) => s.length > 3 && el.value && el.value.includes(s)) && !masked.some(([m]) => m === el)) {
        masked.push([el, el.getAttribute('style')]);
        for (const [k, v] of [['color', 'transparent'], ['-webkit-text-fill-color', 'transparent'], ['background', '#888']]) el.style.setProperty(k, v, 'important');
      }
    }
    return '';
  };
  const unmask = () => { for (const [el, s] of masked) { if (s === null) el.removeAttribute('style'); else el.setAttribute('style', s); } masked = []; };

  window.__usher = {
    find: (spec) => report(find(spec)), which: (specs) => specs.map((s) => { const r = find(s); return { state: r.state, why: r.why || '' }; }), aim, release, ready, put, holdsValue, clearField,
    look, begin, step, rows: (t) => { const l = look(t); return { look: l, rows: rowsOf(t, false) }; }, mask, unmask,
    storage: () => ({ local: { ...localStorage }, session: { ...sessionStorage } }),
    forget: () => { localStorage.clear(); sessionStorage.clear(); },
    says, href: (h) => String(nodes[h].closest('a')?.href || nodes[h].href || ''),
    value: (h) => String(nodes[h].value ?? nodes[h].textContent ?? ''),
    ticked: (h) => { const el = nodes[h]; const i = el.matches('input') ? el : el.querySelector('input[type=checkbox]'); return i ? i.checked : el.getAttribute('aria-checked') === 'true'; },
    selectOption: (h, words) => {
      const el = nodes[h];
      if (el.tagName !== 'SELECT') return { is: false, taken: '' };
      const o = [...el.options].filter((x) => matches(words, x.text));
      if (o.length !== 1) return { is: true, taken: '' };
      el.value = o[0].value;
      el.dispatchEvent(new Event('input', { bubbles: true })); el.dispatchEvent(new Event('change', { bubbles: true }));
      return { is: true, taken: o[0].text };
    },
    escape: () => { (document.activeElement || document.body).dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', code: 'Escape', keyCode: 27, bubbles: true, cancelable: true })); },
    place: () => ({ origin: location.origin, path: location.pathname + location.search, title: document.title, ready: document.readyState }),
  };
})();
