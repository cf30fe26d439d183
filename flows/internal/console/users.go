package console

import (
	"context"
	"fmt"
	"strings"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/browser"
)

// openUsers opens the users page afresh and shows every account, the deactivated ones too where
// the console can. listen is true where the answers' totals are wanted.
func (c *Console) openUsers(w *browser.Walk, listen bool) {
	table := c.Name("users")
	if listen {
		w.Listen(table)
	}
	w.Go(table)
	c.inTenant(w)
	if w.Has("shell.workspace") && c.Env.Connection.Workspace == "" {
		w.Note("the connection names no workspace, so which one this is was not checked")
	}
	c.clearSearch(w)
	c.partly = ""
	all := c.Name("users.all")
	if w.Err() != nil || !w.Has(all) {
		return
	}
	if w.Which(Wait, all, c.Name("users.filters")) != all && w.Has(c.Name("users.filters")) && w.Shows(c.Name("users.filters")) {
		w.Click(c.Name("users.filters"))
		w.Which(Wait, all)
		defer c.closeFilters(w)
	}
	if w.Err() == nil && !w.Shows(all) {
		c.partly = "the sheet knows a view that shows deactivated accounts, and the page does not offer it"
		w.Note(c.partly)
		return
	}
	if listen {
		w.Listen(table)
	}
	mark := w.Mark()
	w.Tick(all, true).Answered(mark)
}

// closeFilters closes what openUsers opened: with its own button, else as a key would.
func (c *Console) closeFilters(w *browser.Walk) {
	done := c.Name("users.filters.close")
	if w.Err() != nil {
		return
	}
	if w.Has(done) && w.Shows(done) {
		w.Click(done).Gone(done)
		return
	}
	w.Escape()
}

// clearSearch empties a search that the console remembered from another visit.
func (c *Console) clearSearch(w *browser.Walk) {
	box := c.Name("users.search")
	if w.Err() != nil || !w.Has(box) || w.Which(Wait, box) == "" || w.Value(box) == "" || w.Err() != nil {
		return
	}
	w.Note("the console had kept a search; it was cleared")
	mark := w.Mark()
	w.Fill(box, "").Answered(mark)
}

// search narrows the list to a text and returns the rows that are left. sure is false where the
// list was not seen to follow the search: then its rows prove nothing of who is not there.
func (c *Console) search(w *browser.Walk, text string) (rows []browser.Row, sure bool) {
	table := c.Name("users")
	mark := w.Mark()
	w.Fill(c.Name("users.search"), text).Answered(mark)
	if w.Err() != nil {
		return nil, false
	}
	sure = w.Searched(table, text, mark)
	r := w.Read(table)
	if w.Err() == nil && !r.Ended {
		w.Fail(flows.Errorf(flows.Incomplete, "search", "the search for %s was not read to its end: %s", flows.Clean(text), r.Why).
			WithHint("try again"))
	}
	return r.Rows, sure && browser.Mentions(r.Rows, text)
}

// Find returns the accounts whose address is exactly email. None, and no error, means absence
// proved: the list was seen to follow the search, the same search finds our own account, and the
// list shows accounts of every state.
func (c *Console) Find(ctx context.Context, email string) ([]flows.Account, error) {
	w := c.Tab.Walk(ctx, "look for "+email)
	found, err := c.find(ctx, w, email)
	if err == nil && len(found) == 0 && c.partly != "" {
		return nil, flows.Errorf(flows.Incomplete, "look for "+email, "it is not among those shown, and %s", c.partly).
			WithHint("look in the console whether the account is deactivated already")
	}
	return found, err
}

func (c *Console) find(ctx context.Context, w *browser.Walk, email string) ([]flows.Account, error) {
	c.openUsers(w, false)
	if w.Err() != nil {
		return nil, w.Err()
	}
	if box := c.Name("users.search"); !w.Has(box) || !w.Shows(box) {
		return c.findInList(ctx, email)
	}
	found, sure := c.searchFor(w, email, email)
	if len(found) > 0 || w.Err() != nil {
		return found, w.Err()
	}
	// Some searches stumble over signs in an address: what stands before the first is looked for too.
	if i := strings.IndexAny(email, "+'"); i > 1 && sure {
		if found, sure = c.searchFor(w, email[:i], email); len(found) > 0 || w.Err() != nil {
			return found, w.Err()
		}
	}
	// Nobody. Is it the search that finds nobody at all?
	self, trusted := c.searchFor(w, c.me(), c.me())
	if w.Err() != nil {
		return nil, w.Err()
	}
	if len(self) == 0 || !trusted || !sure {
		w.Note("the list does not follow the search, so the search proves nothing")
		return c.findInList(ctx, email)
	}
	return nil, nil
}

// searchFor searches for a text and returns the accounts of the address. A row whose address cannot
// be read is no proof that the address is not there.
func (c *Console) searchFor(w *browser.Walk, text, email string) (found []flows.Account, sure bool) {
	rows, sure := c.search(w, text)
	found = c.exact(w, rows, email)
	if len(found) > 0 || w.Err() != nil {
		return found, sure
	}
	for _, row := range rows {
		a, _ := c.account(row)
		if c.badKeys([]flows.Account{a}) != "" {
			w.Fail(flows.Errorf(flows.Incomplete, "look for "+email, "a row cannot be read: %s", flows.Clean(row.Text)).
				WithHint("look at it in the console; run `usher check %s`", c.Env.Connection.Name))
			return nil, false
		}
	}
	return nil, sure
}

// findInList is the way of a console without a search to be trusted: the whole list, or nothing.
func (c *Console) findInList(ctx context.Context, email string) ([]flows.Account, error) {
	r, err := c.List(ctx)
	if err != nil {
		return nil, err
	}
	found := r.ByEmail(email)
	if len(found) == 0 && r.Grade != flows.Complete {
		return nil, flows.Errorf(flows.Incomplete, "look for "+email, "it is not in the list, and the list is not proved complete").
			WithHint("run `usher list %s` and see which witness disagrees", c.Env.Connection.Name)
	}
	return found, nil
}

// exact keeps the rows whose address is email, whole and case folded.
func (c *Console) exact(w *browser.Walk, rows []browser.Row, email string) []flows.Account {
	var out []flows.Account
	for _, row := range rows {
		if a, _ := c.account(row); flows.SameAddress(a.Email, email) {
			out = append(out, a)
		}
	}
	if len(out) > 0 {
		w.Saw(fmt.Sprintf("%d account(s) of %s", len(out), email))
	}
	return out
}

// one returns the account of the subject as it is now, or why it cannot be acted on.
func one(found []flows.Account, email string) (flows.Account, error) {
	switch len(found) {
	case 0:
		return flows.Account{}, flows.Errorf(flows.NotFound, "look for "+email, "there is no account of this address").
			WithHint("check the address; people may sit here under another one")
	case 1:
		return found[0], nil
	}
	return flows.Account{}, flows.Errorf(flows.Ambiguous, "look for "+email, "%d accounts have this address", len(found)).
		WithHint("remove the double one by hand in the console; usher does not choose between people")
}
