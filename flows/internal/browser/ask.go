package browser

import (
	"fmt"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
)

// Answered waits until the page has asked its server for something since the mark, or one and a
// half seconds have passed (a search that waits for the typing to end asks late), and is quiet.
func (w *Walk) Answered(mark time.Time) *Walk {
	ctx, cancel := w.t.bind(w.ctx, 1500*time.Millisecond)
	defer cancel()
	for w.err == nil && !w.t.net.asked(mark) {
		if !pause(ctx, 20*time.Millisecond) {
			break
		}
	}
	return w.Quiet()
}

// Searched waits until the table shows what was searched for: every row left mentions the text, or
// there is none and the page has asked its server for exactly this. It returns false where neither
// comes to pass: then the search is not to be trusted. A request that failed meanwhile is an error.
func (w *Walk) Searched(table, text string, mark time.Time) bool {
	spec := tableOf(w.t.sheet, table)
	ctx, cancel := w.t.bind(w.ctx, 6*time.Second)
	defer cancel()
	for w.err == nil {
		w.t.net.quiet(ctx, 150*time.Millisecond, 2*time.Second)
		if x := w.t.net.failing(mark, w.t.origins); x != nil {
			w.asked = time.Time{}
			if e := w.known(mark); e != nil {
				w.Fail(e)
			} else {
				w.Fail(w.badAnswer(x))
			}
			return false
		}
		var out struct {
			Look looked `json:"look"`
			Rows []Row  `json:"rows"`
		}
		err := w.t.call(ctx, &out, "rows", spec)
		if err == nil && out.Look.State == "one" && !out.Look.Loading {
			if Mentions(out.Rows, text) && (len(out.Rows) > 0 || w.t.net.mentioned(mark, text)) {
				return true
			}
		}
		if e := w.known(mark); e != nil {
			w.Fail(e)
			return false
		}
		if !pause(ctx, 60*time.Millisecond) {
			return false
		}
	}
	return false
}

// Mentions tells whether every row says the text somewhere.
func Mentions(rows []Row, text string) bool {
	text = strings.ToLower(text)
	for _, r := range rows {
		if !strings.Contains(strings.ToLower(r.Text), text) {
			return false
		}
	}
	return true
}

// Mark returns the present moment for Answered.
func (w *Walk) Mark() time.Time { return w.t.net.mark() }

// Writes returns the answers the console gave to what the page sent it since the mark, in words.
func (w *Walk) Writes(mark time.Time) (refused string, said []string) {
	writes, _ := w.t.net.since(mark)
	other := false // something that was not refused may still take effect
	for _, x := range writes {
		other = other || x.status < 400
		switch {
		case x.failure != "":
			said = append(said, fmt.Sprintf("%s %s got no answer (%s)", x.method, flows.Clean(x.path), flows.Clean(x.failure)))
		case x.status == 0:
			said = append(said, fmt.Sprintf("%s %s is not answered yet", x.method, flows.Clean(x.path)))
		default:
			said = append(said, fmt.Sprintf("%s %s was answered %d", x.method, flows.Clean(x.path), x.status))
		}
		if x.status >= 400 && x.status < 500 && x.status != 408 && x.status != 429 {
			refused = said[len(said)-1]
		}
	}
	if other {
		refused = ""
	}
	return refused, said
}

// Quiet waits until the page asks its server for nothing more.
func (w *Walk) Quiet() *Walk {
	if w.err == nil {
		w.t.net.quiet(w.ctx, 150*time.Millisecond, 5*time.Second)
	}
	return w
}
