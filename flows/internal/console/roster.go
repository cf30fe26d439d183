package console

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/browser"
)

// List reads every account and proves, or not, that these are all. A list that changed under the
// walk is walked again, three times at most.
func (c *Console) List(ctx context.Context) (*flows.Roster, error) {
	w := c.Tab.Walk(ctx, "read the roster")
	var roster, before *flows.Roster
	for try := 1; try <= 3; try++ {
		c.openUsers(w, true)
		reading := w.Read(c.Name("users"))
		if box := c.Name("users.search"); w.Has(box) && w.Value(box) != "" {
			c.partly = "a search came on while the list was read"
		}
		if w.Err() != nil {
			return nil, w.Err()
		}
		roster = c.roster(reading)
		c.witness(roster, reading)
		if reading.Ended && !independent(roster) {
			again, sorted := c.again(w)
			if w.Err() != nil {
				return nil, w.Err()
			}
			second := twice(roster, again)
			if reading.Moves == 0 && !sorted {
				// A list that was never seen to go on would stop at the same place twice.
				second.Independent = false
			}
			roster.Witnesses = append(roster.Witnesses, second)
		}
		roster.Judge(reading.Ended)
		if roster.Grade == flows.Complete {
			break
		}
		w.Picture(fmt.Sprintf("pass %d is %s", try, roster.Grade))
		if before != nil && slices.Equal(keys(before), keys(roster)) {
			break // nothing is moving: what disagrees will go on disagreeing
		}
		before = roster
	}
	roster.Notes = append(roster.Notes, c.Tab.Notes()...)
	return roster, w.Err()
}

// again walks the whole list once more, in another order where the console can sort.
func (c *Console) again(w *browser.Walk) (r *flows.Roster, sorted bool) {
	c.openUsers(w, true)
	if sort := c.Tab.Sheet().Tables[c.Name("users")].Paging.Sort; sort != "" && w.Shows(sort) {
		mark := w.Mark()
		w.Click(sort).Answered(mark)
		sorted = true
	}
	reading := w.Read(c.Name("users"))
	r = c.roster(reading)
	r.Judge(reading.Ended)
	return r, sorted
}

// twice is the witness of two full passes that give the same accounts.
func twice(a, b *flows.Roster) flows.Witness {
	same := b.Grade != flows.Partial && slices.Equal(keys(a), keys(b))
	says := fmt.Sprintf("two full passes gave the same %d accounts", len(a.Accounts))
	if !same {
		says = fmt.Sprintf("two full passes gave %d and %d accounts, not the same ones", len(a.Accounts), len(b.Accounts))
	}
	return flows.Witness{Name: "second pass", Independent: true, Applies: true, Agrees: same, Says: says}
}

// keys are what two passes must agree on, in order.
func keys(r *flows.Roster) []string {
	ids := make([]string, 0, len(r.Accounts))
	for _, x := range r.Accounts {
		ids = append(ids, x.ID+" "+strings.ToLower(x.Email)+" "+string(x.State))
	}
	slices.Sort(ids)
	return ids
}

func independent(r *flows.Roster) bool {
	return slices.ContainsFunc(r.Witnesses, func(w flows.Witness) bool { return w.Independent && w.Applies })
}

// roster maps what was read to accounts.
func (c *Console) roster(reading *browser.Reading) *flows.Roster {
	r := &flows.Roster{Connection: c.Env.Connection.Name, Taken: c.Env.Now().UTC(), Sheet: c.Env.Sheets.Eldest(c.Name("users"), c.Tab.Sheet()).ID()}
	for _, row := range reading.Rows {
		a, notes := c.account(row)
		r.Accounts = append(r.Accounts, a)
		for _, n := range notes {
			if !slices.Contains(r.Notes, n) {
				r.Notes = append(r.Notes, n)
			}
		}
	}
	for _, h := range reading.Extra {
		r.Notes = append(r.Notes, "a column that the sheet does not know: "+flows.Clean(h))
	}
	return r
}

// witness writes down all that speaks for or against the reading's being all.
func (c *Console) witness(r *flows.Roster, reading *browser.Reading) {
	n := len(r.Accounts)
	shown := flows.Witness{Name: "shown total", Independent: true}
	switch {
	case !reading.Before.Shown && !reading.After.Shown:
		shown.Says = "the page shows no total"
	case !reading.Before.Exact || !reading.After.Exact:
		shown.Applies = true
		shown.Says = fmt.Sprintf("the page's total is no exact number: %q", reading.Before.Text)
	default:
		shown.Applies = true
		shown.Agrees = reading.Before.N == n && reading.After.N == n
		shown.Says = fmt.Sprintf("the page shows %d before and %d after; read %d", reading.Before.N, reading.After.N, n)
	}
	heard := flows.Witness{Name: "console's own answers", Independent: true}
	switch {
	case reading.TapErr != "":
		heard.Says = reading.TapErr
	case len(reading.Tap) == 0:
		heard.Says = "the console's answers hold no total"
	default:
		heard.Applies = true
		first, last := reading.Tap[0], reading.Tap[len(reading.Tap)-1]
		heard.Agrees = !slices.ContainsFunc(reading.Tap, func(t int) bool { return t != n })
		heard.Says = fmt.Sprintf("the console's answers (%d of them) say %d first and %d last", len(reading.Tap), first, last)
	}
	rows := flows.Witness{Name: "aria-rowcount", Independent: true, Says: "the table states no number of rows"}
	// Numbers without a hole say that nothing was skipped, and nothing of the end.
	index := flows.Witness{Name: "row numbers", Says: "rows carry no numbers"}
	// Where the walk went from page to page, the number is of one page only.
	if reading.RowCount >= 0 && !reading.Pressed {
		rows.Applies, rows.Agrees = true, reading.RowCount == n
		rows.Says = fmt.Sprintf("the table states %d rows", reading.RowCount)
	}
	if lo, hi, distinct := numbers(reading.Rows); distinct == n && n > 0 && lo > 0 {
		index.Applies, index.Agrees = true, hi-lo+1 == n
		index.Says = fmt.Sprintf("rows are numbered %d to %d", lo, hi)
	}
	keys := flows.Witness{Name: "addresses", Applies: true, Agrees: true, Says: "every row has one address of its own"}
	if bad := c.badKeys(r.Accounts); bad != "" {
		keys.Agrees, keys.Says = false, bad
	}
	own := flows.Witness{Name: "own account", Applies: true, Agrees: len(r.ByEmail(c.me())) == 1, Says: "usher's own account is in it"}
	if !own.Agrees {
		own.Says = fmt.Sprintf("usher's own account is in it %d times", len(r.ByEmail(c.me())))
	}
	every := flows.Witness{Name: "every state shown", Applies: true, Agrees: c.partly == "", Says: "no search is on, and the filters that the sheet knows show everybody"}
	if c.partly != "" {
		every.Says = c.partly
	}
	r.Witnesses = append(r.Witnesses, shown, heard, rows, index, keys, own, every)
}

// numbers returns the least and greatest row number, and how many there are; 0 distinct where a
// row has none or the numbers begin anew on each page.
func numbers(rows []browser.Row) (lo, hi, distinct int) {
	seen := map[int]bool{}
	for _, r := range rows {
		if r.Index <= 0 || seen[r.Index] {
			return 0, 0, 0
		}
		seen[r.Index] = true
		if lo == 0 || r.Index < lo {
			lo = r.Index
		}
		hi = max(hi, r.Index)
	}
	return lo, hi, len(seen)
}

// badKeys says what is wrong with the addresses, or "". Two accounts of one address are a fact
// about the console, not about the reading; an empty address is.
func (c *Console) badKeys(accounts []flows.Account) string {
	pattern := c.Tab.Sheet().Tables[c.Name("users")].Columns["email"].Pattern
	re := regexp.MustCompile(pattern) // checked when the sheet was loaded
	for _, a := range accounts {
		if a.Email == "" {
			return "a row without an address was read: " + a.Name
		}
		if pattern != "" && !re.MatchString(a.Email) {
			return "what stands in the address column is no address: " + a.Email
		}
	}
	return ""
}

// account maps one row. A word that the sheet does not know stays unknown, and is said.
func (c *Console) account(row browser.Row) (flows.Account, []string) {
	sheet := c.Tab.Sheet()
	a := flows.Account{Email: flows.Clean(row.Values["email"]), Name: flows.Clean(row.Values["name"]), LastSeen: flows.Clean(row.Values["last_seen"]),
		ID: flows.Clean(row.ID), State: flows.Unknown, Words: map[string]string{}}
	if raw := strings.TrimSpace(row.Values["email"]); raw != a.Email {
		a.Email += " (with characters that cannot be seen)" // it looks like another address, and is none
	}
	if a.ID == "" {
		a.ID = strings.ToLower(a.Email)
	}
	var notes []string
	cols := sheet.Tables[c.Name("users")].Columns
	if text := flows.Clean(row.Values["role"]); text != "" {
		a.Words["role"] = text
		parts := []string{text}
		if sep := cols["role"].Split; sep != "" {
			parts = strings.Split(text, sep)
		}
		for _, p := range parts {
			ours, known := sheet.Words.Map("roles", p)
			if !known {
				notes = append(notes, "a role word that the sheet does not know: "+strings.TrimSpace(p))
			}
			if !slices.Contains(a.Roles, ours) {
				a.Roles = append(a.Roles, ours)
			}
		}
	}
	if text := flows.Clean(row.Values["status"]); text != "" {
		a.Words["status"] = text
		ours, known := sheet.Words.Map("states", text)
		if !known {
			notes = append(notes, "a status word that the sheet does not know: "+text)
		}
		a.State = flows.State(ours)
	}
	slices.Sort(a.Roles)
	return a, notes
}
