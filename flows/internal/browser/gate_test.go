package browser

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

const (
	ann    = "ann@example.com"
	bob    = "bob@example.com"
	secret = "s3cret-of-the-admin"
)

// A guard is one check between a walk and a wrong effect, with a page on which nothing else stands
// between them. Pages change themselves when the pointer comes near: after the walk has looked,
// and before it presses.
type guard struct {
	check string // as it is marked in eyes.js; "" for one on the side of Go
	when  string
	page  string
	// sheet are the lines of its elements, tables those of its tables.
	sheet, tables string
	act           func(w *Walk)
	// wrong is what the server must not hear, and does hear without the check.
	wrong string
	says  string // what the error or the note says, as a regular expression; "" where there is none
	// without does what act does, but for a check of Go.
	without func(w *Walk)
}

// plain is a sheet of one button and the dialog that asks.
const plain = `
  act: {find: [{css: "#act"}], verb: deactivate, writes: true, basis: assumed}
  confirm: {find: [{css: "#confirm"}], basis: assumed}
`

func pressAct(w *Walk) { w.Press("act", flows.Press{Verb: "deactivate", Subject: ann}) }

func pressConfirmed(w *Walk) {
	w.Press("act", flows.Press{Verb: "deactivate", Subject: ann}, Check{Element: "confirm", Email: ann, Class: "deactivate"})
}

// rows is a table of two whose rows are used again for other people, as tables of many do.
const rows = `<table id=t><thead><tr><th>Email</th><th>Do</th></tr></thead>
<tr><td class=mail>ann@example.com</td><td><button>Deactivate</button></td></tr>
<tr><td class=mail>bob@example.com</td><td><button>Deactivate</button></td></tr></table>
<script>
const mails = document.querySelectorAll('.mail');
const swap = () => { const a = mails[0].textContent; mails[0].textContent = mails[1].textContent; mails[1].textContent = a; };
for (const b of document.querySelectorAll('button')) b.onclick = () => tell('deactivate ' + b.closest('tr').querySelector('.mail').textContent);
</script>`

const rowSheet = `
  row.deactivate: {find: [{role: button, name: Deactivate}], verb: deactivate, writes: true, basis: assumed}
  users.table: {find: [{css: "#t"}], basis: assumed}
`

const rowTables = `  users: {in: users.table, key: email, columns: {email: {header: Email, basis: assumed}}}
`

func pressAnnsRow(w *Walk) {
	w.Join(w.In("users", ann, "").Press("row.deactivate", flows.Press{Verb: "deactivate", Subject: ann}))
}

// pressUnfit presses as press does, without asking what the label speaks of.
func pressUnfit(w *Walk) {
	var a aimed
	w.Fail(w.t.call(w.ctx, &a, "aim", w.spec("act"), map[string]any{}))
	if w.err == nil {
		_, err := w.mouse(w.ctx, a, true)
		w.Fail(err)
	}
}

// guards names every identity check of a press and of a fill.
func guards() []guard {
	return []guard{
		{
			check: "covered", when: "a veil lies over the button and goes away under the pointer",
			page: `<button id=act>Deactivate</button><div id=veil style="position:fixed;inset:0"></div>
<script>near(() => $('veil').remove())</script>`,
			sheet: plain, act: pressAct, wrong: "click act", says: "lies over it",
		}, {
			check: "target", when: "another button comes to stand under the pointer",
			page: `<button id=act style="position:fixed;top:200px;left:20px">Deactivate</button><button id=delete style="position:fixed;top:300px;left:20px">Delete</button>
<script>near(() => { const a = $('act').style.top; $('act').style.top = $('delete').style.top; $('delete').style.top = a; })</script>`,
			sheet: plain, act: pressAct, wrong: "click delete", says: "the event went to button",
		}, {
			check: "same", when: "the row becomes somebody else's",
			page:  rows + `<script>near(swap)</script>`,
			sheet: rowSheet, tables: rowTables, act: pressAnnsRow,
			wrong: "deactivate " + bob, says: "another element answers to its name now",
		}, {
			check: "same", when: "the row becomes somebody else's while the button is down",
			page:  rows + `<script>onpointerdown = swap</script>`,
			sheet: rowSheet, tables: rowTables, act: pressAnnsRow,
			wrong: "deactivate " + bob, says: "^row.deactivate was stopped midway: another element answers to its name now",
		}, {
			check: "name", when: "the label becomes another",
			page: `<button id=act aria-label="Deactivate Ann">x</button>
<script>brought(() => $('act').ariaLabel = $('act').ariaLabel.endsWith('Ann') ? 'Deactivate Bob' : 'Deactivate Ann'); $('act').onclick = () => tell('pressed ' + $('act').ariaLabel)</script>`,
			sheet: plain, act: pressAct, wrong: "pressed Deactivate Bob", says: `its name is .*Deactivate (Ann|Bob).* now`,
		}, {
			check: "role", when: "the button becomes a link",
			page: `<div id=act role=button tabindex=0>Deactivate</div>
<script>brought(() => $('act').role = $('act').role === 'button' ? 'link' : 'button'); $('act').onclick = () => tell('pressed a ' + $('act').role)</script>`,
			sheet: plain, act: pressAct, wrong: "pressed a link", says: "its role is (link|button) now",
		}, {
			check: "disabled", when: "the button says that it is disabled, and acts all the same",
			page:  `<button id=act aria-disabled=true>Deactivate</button>`,
			sheet: plain, act: pressAct, wrong: "click act", says: "it is disabled",
		}, {
			check: "subject", when: "the confirmation names somebody else",
			page: `<div id=confirm role=dialog>Deactivate <b id=who>ann@example.com</b>? <button id=act>Yes</button></div>
<script>near(() => $('who').textContent = 'bob@example.com'); $('act').onclick = () => tell('yes to ' + $('who').textContent)</script>`,
			sheet: plain, act: pressConfirmed, wrong: "yes to " + bob, says: "confirm names bob@example.com, not ann@example.com",
		}, {
			check: "subject", when: "the confirmation names nobody",
			page: `<div id=confirm role=dialog>Deactivate <b id=who>ann@example.com</b>? <button id=act>Yes</button></div>
<script>near(() => $('who').textContent = 'all 3 people'); $('act').onclick = () => tell('yes to ' + $('who').textContent)</script>`,
			sheet: plain, act: pressConfirmed, wrong: "yes to all 3 people", says: "confirm does not name ann@example.com",
		}, {
			check: "act", when: "the confirmation speaks of another act",
			page: `<div id=confirm role=dialog><b id=what>Deactivate</b> ann@example.com? <button id=act>Yes</button></div>
<script>near(() => $('what').textContent = 'Delete'); $('act').onclick = () => tell('yes to ' + $('what').textContent)</script>`,
			sheet: plain, act: pressConfirmed, wrong: "yes to Delete", says: "confirm does not speak of the act",
		}, {
			check: "confirmation", when: "the confirmation is gone",
			page: `<div id=confirm role=dialog>Deactivate ann@example.com?</div><button id=act>Yes</button>
<script>near(() => $('confirm')?.remove()); $('act').onclick = () => tell('yes to ' + ($('confirm') ? 'a question' : 'nothing'))</script>`,
			sheet: plain, act: pressConfirmed, wrong: "yes to nothing", says: "confirm is none",
		}, {
			check: "fields", when: "a field that was filled holds something else",
			page: `<input id=mail><button id=send>Invite</button>
<script>near(() => $('mail').value = 'bob@example.com'); $('send').onclick = () => tell('invited ' + $('mail').value)</script>`,
			sheet: `
  mail: {find: [{css: "#mail"}], basis: assumed}
  send: {find: [{role: button, name: Invite}], verb: invite, writes: true, basis: assumed}
`,
			act:   func(w *Walk) { w.Fill("mail", ann).Press("send", flows.Press{Verb: "invite", Subject: ann}) },
			wrong: "invited " + bob, says: "a field does not hold what was typed",
		}, {
			check: "many", when: "two buttons answer",
			page:  `<button id=first>Deactivate</button><button id=second>Deactivate</button>`,
			sheet: `  act: {find: [{role: button, name: Deactivate}], verb: deactivate, writes: true, basis: assumed}`,
			act:   pressAct, wrong: "click first", says: "many: 2 answer to candidate 1",
		}, {
			check: "contradiction", when: "two candidates lead to two buttons",
			page:  `<button id=first>Deactivate</button><button id=second data-cy=deactivate>Off</button>`,
			sheet: `  act: {find: [{role: button, name: Deactivate}, {test: deactivate}], verb: deactivate, writes: true, basis: assumed}`,
			act:   pressAct, wrong: "click first", says: "candidate 1 and candidate 2 lead to different elements",
		}, {
			check: "not", when: "the only button that matches is one it must not be",
			page:  `<button id=everybody>Deactivate everybody</button>`,
			sheet: `  act: {find: [{role: button, name: "~deactivate"}], not: "~everybody", verb: deactivate, writes: true, basis: assumed}`,
			act:   pressAct, wrong: "click everybody", says: "no candidate finds it",
		}, {
			check: "announced", when: "a press comes that nobody announced",
			page:  `<button id=act style="position:fixed;top:200px;left:20px;width:200px;height:50px">Deactivate</button>`,
			sheet: plain, wrong: "click act",
			act: func(w *Walk) {
				_, err := w.mouse(w.ctx, aimed{X: 100, Y: 220}, false)
				w.Fail(err)
			},
		}, {
			check: "announced", when: "a key comes that nobody announced",
			page:  `<button id=act autofocus>Deactivate</button>`,
			sheet: plain, wrong: "click act",
			act: func(w *Walk) {
				for _, typ := range []proto.InputDispatchKeyEventType{proto.InputDispatchKeyEventTypeKeyDown, proto.InputDispatchKeyEventTypeKeyUp} {
					w.Fail(proto.InputDispatchKeyEvent{Type: typ, Key: "Enter", Code: "Enter", Text: "\r", WindowsVirtualKeyCode: 13}.Call(w.t.page.Context(w.ctx)))
				}
			},
		}, {
			check: "field", when: "another field takes the focus",
			page: `<input id=name><input id=note><script>$('name').onfocus = () => $('note').focus()</script>`,
			sheet: `
  name: {find: [{css: "#name"}], basis: assumed}
`,
			act:   func(w *Walk) { w.fill(Field{Name: "name", Secret: secrets.New(secret)}) },
			wrong: "input note " + secret, says: "the text went to another field",
		}, {
			check: "origin", when: "the sign-in page is of another origin",
			page: `<script>if (location.pathname === '/') location = '{there}/elsewhere'</script><input id=password type=password>`,
			sheet: `
  password: {find: [{css: "#password"}], basis: assumed}
`,
			act: func(w *Walk) {
				w.load(strings.TrimRight(w.t.env.Connection.URL, "/") + "/")
				w.fill(Field{Name: "password", Secret: secrets.New(secret)})
			},
			wrong: "input password " + secret, says: "^refused: .*no secret is typed here: the page is of http://127",
		}, {
			when: "the label speaks of another act", page: `<button id=act>Delete user</button>`,
			sheet: plain, act: pressAct, wrong: "click act", says: `labelled .*Delete user.*another act \(delete\)`, without: pressUnfit,
		}, {
			when: "what was to change nothing is labelled with an act", page: `<button id=act>Remove from team</button>`,
			sheet: `  act: {find: [{css: "#act"}], basis: assumed}`, act: func(w *Walk) { w.Click("act") },
			wrong: "click act", says: `labelled .*Remove from team.*another act \(remove\)`, without: pressUnfit,
		},
	}
}

var marked = regexp.MustCompile(`// check: (\w+)$`)

// takeOut returns the script without the lines of a check.
func takeOut(t *testing.T, check string) string {
	t.Helper()
	lines, found := strings.Split(eyes, "\n"), false
	for i, l := range lines {
		if m := marked.FindStringSubmatch(l); len(m) != 2 || m[1] != check {
			continue
		}
		found = true
		switch check {
		case "covered":
			lines[i] = "if (false) {"
		case "confirmation":
			lines[i] = "if (p.state !== 'one') return '';"
		default:
			lines[i] = ""
		}
	}
	if !found {
		t.Fatalf("eyes.js marks no check %q", check)
	}
	return strings.Join(lines, "\n")
}

func TestEveryIdentityCheckKeepsAWrongPressFromThePage(t *testing.T) {
	t.Parallel()
	for _, g := range guards() {
		name := g.check
		if name == "" {
			name = "fits"
		}
		t.Run(name+": "+g.when, func(t *testing.T) {
			t.Parallel()
			heard, err := g.play(t, eyes, g.act)
			if slices.Contains(heard, g.wrong) {
				t.Errorf("the page was made to %q; it heard %q", g.wrong, heard)
			}
			if g.says == "" && err != nil {
				t.Errorf("it says %v", err)
			}
			if g.says != "" && (err == nil || !regexp.MustCompile(g.says).MatchString(err.Error())) {
				t.Errorf("it says %v, want %s", err, g.says)
			}

			// Without the check it does happen: so the check is what kept it.
			script, act := eyes, g.without
			if g.check != "" {
				script, act = takeOut(t, g.check), g.act
			}
			heard, err = g.play(t, script, act)
			if !slices.Contains(heard, g.wrong) {
				t.Errorf("without the check the page was not made to %q (%v), so this page proves nothing of it; it heard %q", g.wrong, err, heard)
			}
		})
	}
}

// play acts upon a fresh copy of the page and returns what its server heard.
func (g guard) play(t *testing.T, script string, act func(*Walk)) ([]string, error) {
	t.Helper()
	s := newSite(t, map[string]string{"/": g.page, "/elsewhere": g.page})
	tab := open(t, warm(t, script), environment(s, sheets(t, g.sheet, g.tables), &notes{}))
	defer tab.Close()
	w := tab.Walk(t.Context(), "try")
	if g.check != "origin" {
		w.Go("home")
	}
	act(w)
	if said := tab.Notes(); w.Err() == nil && len(said) > 0 {
		return s.said(), errors.New(strings.Join(said, "; "))
	}
	return s.said(), w.Err()
}

func TestEveryMarkedCheckIsTried(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, g := range guards() {
		tried[g.check] = true
	}
	n := 0
	for i, l := range strings.Split(eyes, "\n") {
		if m := marked.FindStringSubmatch(l); m != nil {
			n++
			if !tried[m[1]] {
				t.Errorf("eyes.js:%d: the check %q has no page that it keeps from harm", i+1, m[1])
			}
		}
	}
	if n == 0 {
		t.Error("eyes.js marks no check")
	}
}

// A page may give the focus away into a frame of another origin, whose process the eyes are not in.
func TestNoTextFollowsTheFocusIntoAFrame(t *testing.T) {
	t.Parallel()
	const frame = `<input id=inner><script>onmessage = () => $('inner').focus()</script>`
	for name, host := range map[string]string{"of the same site": "127.0.0.1", "of another site": "localhost"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := `<input id=name type=password><iframe id=frame></iframe><script>
const there = '{there}'.replace('127.0.0.1', '` + host + `') + '/frame';
$('frame').src = there;
$('name').onfocus = () => { $('frame').contentWindow.focus(); $('frame').contentWindow.postMessage('', '*'); };
</script>`
			s := newSite(t, map[string]string{"/": page, "/frame": frame})
			tab := open(t, warm(t, eyes), environment(s, sheets(t, `  name: {find: [{css: "#name"}], basis: assumed}`, ""), &notes{}))
			w := tab.Walk(t.Context(), "try").Go("home")
			w.fill(Field{Name: "name", Secret: secrets.New(secret)})
			if heard := s.said("input"); len(heard) > 0 {
				t.Errorf("the page heard %q", heard)
			}
			if err := w.Err(); flows.CodeOf(err) != flows.Drift || !strings.Contains(err.Error(), "the text went to another field") {
				t.Errorf("it says %v", err)
			}
			// Text that is sent to whatever has the focus does arrive there: the page is able to take it.
			until(t, 20*time.Second, "the frame takes text", func() bool {
				var r found
				if err := tab.call(t.Context(), &r, "ready", w.spec("name"), map[string]any{}); err != nil {
					t.Fatal(err)
				}
				if err := (proto.InputInsertText{Text: "sent"}).Call(tab.page); err != nil {
					t.Fatal(err)
				}
				return len(s.said("input inner")) > 0
			})
		})
	}
}
