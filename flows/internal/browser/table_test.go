package browser

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
)

// tableElements and tableSheet describe a table of people such as consoles show.
const tableElements = `
  t: {find: [{css: "#t"}], basis: assumed}
  next: {find: [{role: button, name: Next}], optional: true, basis: assumed}
  more: {find: [{role: button, name: Load more}], optional: true, basis: assumed}
  total: {find: [{css: "#total"}], optional: true, basis: assumed}
  empty: {find: [{text: Nobody here}], optional: true, basis: assumed}
`

const tableSheet = `  users:
    in: t
    id: data-id
    key: email
    columns:
      email: {header: Email, take: email, basis: assumed}
      name: {header: Name, take: first, basis: assumed}
      role: {header: [Role, Roles], basis: assumed}
      seen: {header: Last seen, optional: true, basis: assumed}
    total: {element: total, pattern: "([0-9][0-9,.\u00a0\u202f ]*)"}
    paging: {next: next, more: more, scroll: true}
    empty: empty
    loading: .skeleton
`

// read reads the table of a page.
func read(t *testing.T, page string) (*Reading, error) {
	t.Helper()
	s := newSite(t, map[string]string{"/": page})
	tab := open(t, warm(t, eyes), environment(s, sheets(t, tableElements, tableSheet), &notes{}))
	w := tab.Walk(t.Context(), "read").Go("home")
	return w.Read("users"), w.Err()
}

func table(headers, rows string) string {
	return `<table id=t><thead><tr>` + headers + `</tr></thead><tbody>` + rows + `</tbody></table>`
}

const (
	usual    = `<th>Name</th><th>Email</th><th>Role</th>`
	annsRow  = `<tr><td>Ann A.</td><td>ann@example.com</td><td>Admin</td></tr>`
	bobsRow  = `<tr><td>Bob B.</td><td>bob@example.com</td><td>Member</td></tr>`
	twoLines = `<tr><td><div>Ann A.</div><div>Ann's nickname</div></td><td><div>ann@example.com</div><div>verified on Monday</div></td><td><span>Admin</span>, <span>Editor</span></td></tr>`
)

func TestACellIsReadByItsHeaderWhateverTheTableLooksLike(t *testing.T) {
	t.Parallel()
	annAndBob := []map[string]string{
		{"name": "Ann A.", "email": ann, "role": "Admin"},
		{"name": "Bob B.", "email": bob, "role": "Member"},
	}
	for name, c := range map[string]struct {
		page string
		want []map[string]string
	}{
		"as usual": {table(usual, annsRow+bobsRow), annAndBob},
		"columns in another order": {
			table(`<th>Role</th><th>Name</th><th>Email</th>`, `<tr><td>Admin</td><td>Ann A.</td><td>ann@example.com</td></tr><tr><td>Member</td><td>Bob B.</td><td>bob@example.com</td></tr>`),
			annAndBob,
		},
		"a column more, with addresses in it": {
			table(`<th>Invited by email</th>`+usual, `<tr><td>bob@example.com</td>`+annsRow[4:]+`<tr><td>ann@example.com</td>`+bobsRow[4:]), annAndBob,
		},
		"cells of two lines": {table(usual, twoLines), []map[string]string{{"name": "Ann A.", "email": ann, "role": "Admin , Editor"}}},
		"a row that is a message": {
			table(usual, annsRow+`<tr><td colspan=3>3 people were removed: old@example.com</td></tr>`+bobsRow), annAndBob,
		},
		"cells that say their column": {
			`<div id=t role=grid><div role=row><span role=columnheader aria-colindex=2>Name</span><span role=columnheader aria-colindex=5>Email</span><span role=columnheader aria-colindex=3>Role</span></div>
<div role=row><span role=gridcell aria-colindex=5>ann@example.com</span><span role=gridcell aria-colindex=2>Ann A.</span><span role=gridcell aria-colindex=3>Admin</span></div>
<div role=row><span role=gridcell aria-colindex=3>Member</span><span role=gridcell aria-colindex=5>bob@example.com</span><span role=gridcell aria-colindex=2>Bob B.</span></div></div>`, annAndBob,
		},
		"an address within other text": {
			table(usual, `<tr><td>Ann A.</td><td>Ann &lt;Ann.O'Brien@Example.com&gt;, invited</td><td>Admin</td></tr>`),
			[]map[string]string{{"name": "Ann A.", "email": "Ann.O'Brien@Example.com", "role": "Admin"}},
		},
		"two addresses in a cell, of which neither is taken": {
			table(usual, `<tr><td>Ann A.</td><td>ann@example.com bob@example.com</td><td>Admin</td></tr>`),
			[]map[string]string{{"name": "Ann A.", "email": "", "role": "Admin"}},
		},
		"nobody": {table(usual, "") + `<p>Nobody here</p>`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := read(t, c.page)
			if err != nil || !r.Ended {
				t.Fatalf("it was not read to its end: %s (%v)", r.Why, err)
			}
			if !slices.EqualFunc(values(r), c.want, maps.Equal) {
				t.Errorf("it was read as %v, want %v", values(r), c.want)
			}
		})
	}
}

func values(r *Reading) []map[string]string {
	var out []map[string]string
	for _, row := range r.Rows {
		out = append(out, row.Values)
	}
	return out
}

func TestATableWhoseHeadersAreNotAsTheSheetSaysIsDrift(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ headers, says string }{
		"missing":                     {`<th>Name</th><th>Contact</th><th>Role</th>`, "column email: no header says Email"},
		"doubled":                     {`<th>Email</th><th>Email</th><th>Role</th><th>Name</th>`, "column email: 2 headers say"},
		"two words of one column":     {usual + `<th>Roles</th>`, "column role: 2 headers say"},
		"an optional one, but twice":  {usual + `<th>Last seen</th><th>Last seen</th>`, "column seen: 2 headers say"},
		"one that only begins alike":  {`<th>Name</th><th>Email of manager</th><th>Role</th>`, "column email: no header says Email"},
		"without any text in the row": {`<th></th><th></th><th></th>`, "no header says"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := read(t, table(c.headers, annsRow))
			if flows.CodeOf(err) != flows.Drift || !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %v, want drift and %q", err, c.says)
			}
			if len(r.Rows) > 0 {
				t.Errorf("it was read all the same: %v", r.Rows)
			}
		})
	}
}

// virtual is a list of n people of which the page holds as many rows as can be seen. Rows that come
// into view are placeholders first, and one node shows one person after the other.
func virtual(n int) string {
	return fmt.Sprintf(`<style>#list{height:300px;overflow-y:auto;position:relative}.row{position:absolute;height:30px;left:0}.row span{display:inline-block;width:200px}</style>
<div id=t role=grid aria-rowcount=%[1]d><div role=row><span role=columnheader>Name</span><span role=columnheader>Email</span><span role=columnheader>Role</span></div>
<div id=list><div style="height:%[2]dpx"></div></div></div>
<script>
const all = Array.from({length: %[1]d}, (_, i) => [i, 'Person ' + i, 'p' + i + '@example.com', i %% 3 ? 'Member' : 'Admin']);
const pool = Array.from({length: 14}, () => { const r = document.createElement('div'); r.className = 'row'; r.setAttribute('role', 'row'); $('list').append(r); return r; });
let shown = 0;
const draw = () => {
  const mine = ++shown, from = Math.max(0, Math.min(all.length - pool.length, Math.floor($('list').scrollTop / 30)));
  pool.forEach((r, k) => { r.style.top = (from + k) * 30 + 'px'; r.removeAttribute('data-id'); r.innerHTML = '<span role=gridcell class=skeleton>…</span><span role=gridcell>…</span><span role=gridcell>…</span>'; });
  setTimeout(() => { if (mine === shown) pool.forEach((r, k) => { const p = all[from + k]; if (!p) return r.remove(); r.dataset.id = 'u' + p[0]; r.innerHTML = p.slice(1).map((v) => '<span role=gridcell>' + v + '</span>').join(''); }); }, 30);
};
$('list').onscroll = draw;
draw();
</script>`, n, n*30)
}

func TestAListThatHoldsOnlyWhatIsSeenIsReadWhole(t *testing.T) {
	t.Parallel()
	const n = 120
	r, err := read(t, virtual(n))
	if err != nil || !r.Ended {
		t.Fatalf("it was not read to its end: %s (%v)", r.Why, err)
	}
	got := map[string]string{}
	for _, row := range r.Rows {
		if got[row.ID] != "" {
			t.Errorf("%s was read twice", row.ID)
		}
		got[row.ID] = row.Values["email"] + " " + row.Values["name"] + " " + row.Values["role"]
	}
	for i := range n {
		role := "Member"
		if i%3 == 0 {
			role = "Admin"
		}
		if want := fmt.Sprintf("p%[1]d@example.com Person %[1]d %s", i, role); got[fmt.Sprintf("u%d", i)] != want {
			t.Errorf("u%d was read as %q, want %q", i, got[fmt.Sprintf("u%d", i)], want)
		}
	}
	if len(got) != n || r.RowCount != n {
		t.Errorf("%d people were read, and the table says %d; want %d", len(got), r.RowCount, n)
	}
}

func TestPlaceholdersThatStayAreNoRows(t *testing.T) {
	t.Parallel()
	r, err := read(t, table(usual, annsRow+`<tr><td class=skeleton>…</td><td>…</td><td>…</td></tr>`))
	if err == nil || !strings.Contains(err.Error(), "placeholders") || len(r.Rows) > 0 {
		t.Errorf("it says %v and read %v", err, r.Rows)
	}
}

func TestAWayOnThatLeadsNowhereIsNoEnd(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	r, err := read(t, table(usual, annsRow)+`<button>Next</button>`)
	if err != nil || r.Ended || !strings.Contains(r.Why, "pressed for more rows, and nothing changed") {
		t.Errorf("it says %q, ended is %v (%v)", r.Why, r.Ended, err)
	}
	if len(r.Rows) != 1 {
		t.Errorf("what was there was not read: %v", r.Rows)
	}
	if took := time.Since(begun); took > 2*patience {
		t.Errorf("it took %s to say so", took)
	}
}

func TestEveryPageIsReadOnce(t *testing.T) {
	t.Parallel()
	const page = `<button id=next>Next</button><p id=total>4 people</p><script>
const people = ['ann', 'bob', 'cid', 'dan'];
let at = 0;
const draw = () => { document.querySelector('tbody').innerHTML = people.slice(at, at + 2).map((p) => '<tr data-id=' + p + '><td>' + p + '</td><td>' + p + '@example.com</td><td>Member</td></tr>').join(''); $('next').disabled = at + 2 >= people.length; };
$('next').onclick = () => { at += 2; $('next').disabled = true; setTimeout(draw, 50); };
draw();
</script>`
	r, err := read(t, table(usual, "")+page)
	if err != nil || !r.Ended {
		t.Fatalf("it was not read to its end: %s (%v)", r.Why, err)
	}
	var ids []string
	for _, row := range r.Rows {
		ids = append(ids, row.ID)
	}
	if !slices.Equal(ids, []string{"ann", "bob", "cid", "dan"}) || r.Again != 0 {
		t.Errorf("it was read as %v, with %d met again", ids, r.Again)
	}
}

func TestATotalIsExactOnlyWhereTheConsoleSaysSo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Count{
		"2 people":             {N: 2, Exact: true},
		"1,034 people":         {N: 1034, Exact: true},
		"1.034 Personen":       {N: 1034, Exact: true},
		"1 034 people":         {N: 1034, Exact: true},
		"1\u00a0034 personnes": {N: 1034, Exact: true},
		"1\u202f034 personnes": {N: 1034, Exact: true},
		"12,345,678 people":    {N: 12345678, Exact: true},
		"500+":                 {},
		"500+ people":          {},
		"500 + people":         {},
		"1,000+ people":        {},
		"many people":          {},
		"1.2k people":          {},
		"12k people":           {},
		"12,34 people":         {},
		"500 or more people":   {},
		"more than 500 people": {},
		"99999999999999999999": {},
		"about 500 people":     {},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, map[string]string{"/": table(usual, annsRow+bobsRow) + `<p id=total>` + text + `</p>`})
			tab := open(t, warm(t, eyes), environment(s, sheets(t, tableElements, tableSheet), &notes{}))
			w := tab.Walk(t.Context(), "read").Go("home")
			got := w.count("users", w.lookAt("users", tableOf(w.t.sheet, "users")))
			if w.Err() != nil {
				t.Fatal(w.Err())
			}
			if !got.Shown || got.Exact != want.Exact || (want.Exact && got.N != want.N) {
				t.Errorf("it was read as %+v, want %+v", got, want)
			}
		})
	}
}

func TestATableWithoutATotalShowsNone(t *testing.T) {
	t.Parallel()
	r, err := read(t, table(usual, annsRow))
	if err != nil || r.Before.Shown || r.Before.Exact || r.RowCount != -1 {
		t.Errorf("it was read as %+v, %d (%v)", r.Before, r.RowCount, err)
	}
}

func TestAnAddressIsTakenWholeAndAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<p id=act></p>`})
	tab := open(t, warm(t, eyes), environment(s, sheets(t, plain, ""), &notes{}))
	w := tab.Walk(t.Context(), "read").Go("home")
	if w.Err() != nil {
		t.Fatal(w.Err())
	}
	for text, ok := range map[string]bool{
		"Deactivate ann@example.com?":              true,
		"Deactivate ann@example.com.":              true,
		"Deactivate \u201cann@example.com\u201d":   true,
		"Deactivate 'ann@example.com'!":            true,
		"Ann (ann@example.com), really?":           true,
		"Deactivate joann@example.com?":            false,
		"Deactivate ann@example.com.evil.org?":     false,
		"Deactivate ann@example.community?":        false,
		"Deactivate ann@example.com and bob@b.org": false,
		"Deactivate o'ann@example.com?":            false,
		"Deactivate ann+x@example.com?":            false,
	} {
		if _, err := tab.page.Context(t.Context()).Eval(`(t) => { document.getElementById('act').textContent = t }`, text); err != nil {
			t.Fatal(err)
		}
		var why string
		c := w.checkSpecs([]Check{{Element: "act", Email: ann}})[0]
		if err := tab.call(t.Context(), &why, "says", c); err != nil {
			t.Fatal(err)
		}
		if (why == "") != ok {
			t.Errorf("%q: it says %q", text, why)
		}
	}
}
