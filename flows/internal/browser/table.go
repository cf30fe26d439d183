package browser

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
)

// A Row is one row of a table: its values by the sheet's columns, read in one moment.
type Row struct {
	ID     string            `json:"id"`
	Index  int               `json:"index"`
	Values map[string]string `json:"values"`
	Text   string            `json:"text"` // all that the row says
}

// A Reading is what a walk through a table gave, and what speaks for its being all.
type Reading struct {
	Rows  []Row
	Again int // how often a row was met once more
	Ended bool
	Why   string // why it did not come to the end
	Extra []string

	Before, After Count // the total that the page shows
	Tap           []int // the totals in the console's own responses
	TapErr        string
	RowCount      int // aria-rowcount without the header rows; -1: none
	// Moves is how often the walk went on; Pressed whether by a button, so that what the table says
	// of its rows may be of one page only.
	Moves   int
	Pressed bool
}

// A Count is a number that the page shows.
type Count struct {
	Shown bool
	Text  string
	N     int
	Exact bool // false for "500+" and what is no number
}

// looked is what eyes.js says of a table.
type looked struct {
	State   string   `json:"state"`
	Why     string   `json:"why"`
	Headers []string `json:"headers"`
	Extra   []string `json:"extra"`
	Total   struct {
		State string `json:"state"`
		Text  string `json:"text"`
	} `json:"total"`
	RowCount struct {
		All     int `json:"all"`
		Headers int `json:"headers"`
	} `json:"rowcount"`
	Rows    int  `json:"rows"`
	Loading bool `json:"loading"`
	Empty   bool `json:"empty"`
}

// stepped is what one slice of the walk gave.
type stepped struct {
	Rows    []Row  `json:"rows"`
	Again   int    `json:"again"`
	End     bool   `json:"end"`
	Why     string `json:"why"`
	Moves   int    `json:"moves"`
	Pressed bool   `json:"pressed"`
}

const (
	slice    = 1500 * time.Millisecond // of walking between two looks at context and progress
	patience = 10 * time.Second        // for a page of rows to come
)

// Listen begins to read the totals in the console's own answers for the table. It is called before
// the page is opened, so that the first answer is heard.
func (w *Walk) Listen(table string) *Walk {
	if w.err == nil {
		tap := w.t.sheet.Tables[table].Tap
		w.t.net.listen(tap.URL, tap.Total)
	}
	return w
}

// Read walks through the whole table, from where the page stands, and returns what it read; an
// error only where the page is no longer the one it was. What is missing is said in the reading.
func (w *Walk) Read(table string) *Reading {
	r := &Reading{RowCount: -1}
	if w.err != nil {
		return r
	}
	start := w.t.env.Now()
	mark := w.t.net.mark()
	spec := tableOf(w.t.sheet, table)
	if spec == nil || spec.In == nil {
		w.Fail(flows.Errorf(flows.Internal, w.op, "sheet %s has no table %q", w.t.sheet.ID(), table))
		return r
	}
	first := w.lookAt(table, spec)
	if w.err != nil {
		return r
	}
	r.Before = w.count(table, first)
	r.Extra = first.Extra
	if err := w.t.call(w.ctx, nil, "begin"); err != nil {
		w.Fail(err)
		return r
	}
	deadline := time.Now().Add(20 * time.Minute)
	seen := map[string]bool{}
	sure := false
	for !r.Ended && r.Why == "" {
		want := -1
		if r.Before.Exact {
			want = r.Before.N
		}
		var s stepped
		ctx, cancel := w.t.bind(w.ctx, slice+2*patience+callBound)
		err := w.t.run(ctx, &s, "step", spec, slice.Milliseconds(), patience.Milliseconds(), want)
		cancel()
		if err != nil {
			if errors.Is(err, errMoved) {
				w.Which(patience/2, "signin.user", "challenge", "maintenance") // where did it go?
			}
			w.Fail(w.trouble(mark, err, "table "+table))
			return r
		}
		for _, row := range s.Rows {
			// A page that lost its memory of what it gave (it was reloaded) gives it again.
			k := row.ID + "\x00" + fmt.Sprint(row.Values)
			if row.ID != "" {
				k = row.ID
			}
			if !seen[k] {
				seen[k] = true
				r.Rows = append(r.Rows, row)
			}
		}
		r.Again += s.Again
		r.Ended, r.Why = s.End, s.Why
		r.Moves += s.Moves
		r.Pressed = r.Pressed || s.Pressed
		if r.Ended && (!sure || s.Moves > 0) {
			// An end is believed when it is still the end once the page has asked for nothing more.
			w.t.net.quiet(w.ctx, 300*time.Millisecond, 3*time.Second)
			sure, r.Ended = true, false
		}
		if w.t.env.Progress != nil {
			w.t.env.Progress(flows.Progress{Doing: "reading", Done: len(r.Rows), Total: max(want, 0)})
		}
		if e := w.known(mark); e != nil {
			w.Fail(e)
			return r
		}
		if time.Now().After(deadline) {
			r.Why = "it took longer than 20 minutes"
		}
	}
	if _, bad := w.t.net.since(mark); bad != nil && !r.Ended {
		w.Fail(w.badAnswer(bad))
		return r
	}
	last := w.lookAt(table, spec)
	r.After = w.count(table, last)
	if last.RowCount.All >= 0 {
		r.RowCount = last.RowCount.All - last.RowCount.Headers
	}
	w.t.net.quiet(w.ctx, 100*time.Millisecond, time.Second)
	r.Tap, r.TapErr = w.t.net.heard()
	w.record(flows.Step{At: start, Name: "read " + table, Took: w.t.env.Now().Sub(start), Note: fmt.Sprintf("%d rows", len(r.Rows))})
	if w.err == nil && !r.Ended {
		w.t.note("the table was not read to its end: " + r.Why)
	}
	return r
}

// lookAt waits until the table is there with rows or says that it has none.
func (w *Walk) lookAt(table string, spec *tableSpec) looked {
	mark := w.t.net.mark()
	ctx, cancel := w.t.bind(w.ctx, w.t.step)
	defer cancel()
	var l looked
	empty := 0
	for {
		err := w.t.call(ctx, &l, "look", spec)
		if err == nil && l.State == "one" && !l.Loading {
			if l.Rows > 0 || l.Empty {
				return l
			}
			// No row and no word about it: believed only when it stays so on a quiet page.
			w.t.net.quiet(ctx, 300*time.Millisecond, time.Second)
			if empty++; empty > 5 {
				return l
			}
		}
		if err == nil && l.State == "columns" {
			// Headers come before rows; what is missing after a second is missing.
			if empty++; empty > 25 {
				w.Fail(w.drift("table %s: %s", table, l.Why))
				return l
			}
		}
		if e := w.known(mark); e != nil {
			w.Fail(e)
			return l
		}
		if !pause(ctx, 40*time.Millisecond) {
			why := fmt.Errorf("%s: %s", l.State, l.Why)
			if l.Loading {
				why = fmt.Errorf("its rows stay under placeholders")
			}
			w.Fail(w.trouble(mark, why, "table "+table))
			return l
		}
	}
}

// count reads the number out of the total's text.
func (w *Walk) count(table string, l looked) Count {
	if l.Total.State == "many" || l.Total.State == "contradiction" {
		return Count{Shown: true, Text: "more than one total"}
	}
	if l.Total.State != "one" {
		return Count{}
	}
	c := Count{Shown: true, Text: flows.Clean(l.Total.Text)}
	re := regexp.MustCompile(w.t.sheet.Tables[table].Total.Pattern) // checked when the sheet was loaded
	m := re.FindStringSubmatchIndex(c.Text)
	if len(m) < 4 || m[2] < 0 {
		return c
	}
	const spaces = " \u00a0\u202f"
	text := strings.TrimRight(c.Text[m[2]:m[3]], ",."+spaces)
	before, after := c.Text[:m[2]], c.Text[m[2]+len(text):]
	if !number.MatchString(text) {
		return c
	}
	n, err := strconv.Atoi(strings.NewReplacer(",", "", ".", "", " ", "", "\u00a0", "", "\u202f", "").Replace(text))
	if err != nil {
		return c
	}
	c.N = n
	// What stands around the number may take it back: "500+", "about 500", "1.2k".
	c.Exact = !vagueBefore.MatchString(before) && !vagueAfter.MatchString(strings.TrimLeft(after, spaces)) && !unit.MatchString(after)
	return c
}

var (
	number      = regexp.MustCompile(`^([0-9]+|[0-9]{1,3}([,. \x{a0}\x{202f}][0-9]{3})+)$`)
	vagueBefore = regexp.MustCompile(`(?i)(\b(about|around|approx\w*|over|more than|at least|up to|nearly|almost)\.?|[~≈>≥])\s*$`)
	vagueAfter  = regexp.MustCompile(`(?i)^(\+|or more\b)`)
	unit        = regexp.MustCompile(`^[\pL\pN]`) // "1.2k" is no 12
)

// Rows reads the rows that are on the page now, without going on.
func (w *Walk) Rows(table string) []Row {
	spec := tableOf(w.t.sheet, table)
	if spec == nil {
		w.Fail(flows.Errorf(flows.Internal, w.op, "sheet %s has no table %q", w.t.sheet.ID(), table))
	}
	if w.err != nil {
		return nil
	}
	w.lookAt(table, spec)
	var out struct{ Rows []Row }
	if w.err == nil {
		w.Fail(w.t.call(w.ctx, &out, "rows", spec))
	}
	return out.Rows
}

// splitList takes "Admin, Viewer" apart.
func splitList(s string) []string {
	parts := strings.Split(s, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return slices.DeleteFunc(parts, func(p string) bool { return p == "" })
}
