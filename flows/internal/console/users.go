package console

import (
	"context"
	"fmt"

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
	c.clearSearch(w)
	c.partly = ""
	all := c.Name("users.all")
	if w.Err() != nil || !w.Has(all) {
		return
	}
	if !w.Shows(all) && w.Has(c.Name("users.filters")) && w.Shows(c.Name("users.filters")) {
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
	if w.Err() != nil || !w.Has(box) || !w.Shows(box) || w.Value(box) == "" {
		return
	}
	w.Note("the console had kept a search; it was cleared")
	mark := w.Mark()
	w.Fill(box, "").Answered(mark)
}

// search narrows the list to a text and returns the rows that are left.
func (c *Console) search(w *browser.Walk, text string) []browser.Row {
	mark := w.Mark()
	w.Fill(c.Name("users.search"), text).Answered(mark)
	if w.Err() != nil {
		return nil
	}
	r := w.Read(c.Name("users"))
	if w.Err() == nil && !r.Ended {
		w.Fail(flows.Errorf(flows.Incomplete, "search", "the search for %s was not read to its end: %s", flows.Clean(text), r.Why).
			WithHint("try again"))
	}
	return r.Rows
}

// Find returns the accounts whose address is exactly email. None, and no error, means absence
// proved: the same search finds our own account and does not find email, twice.
func (c *Console) Find(ctx context.Context, email string) ([]flows.Account, error) {
	w := c.Tab.Walk(ctx, "look for "+email)
	return c.find(ctx, w, email)
}

func (c *Console) find(ctx context.Context, w *browser.Walk, email string) ([]flows.Account, error) {
	c.openUsers(w, false)
	if w.Err() != nil {
		return nil, w.Err()
	}
	if box := c.Name("users.search"); !w.Has(box) || !w.Shows(box) {
		return c.findInList(ctx, email)
	}
	found := c.exact(w, c.search(w, email), email)
	if len(found) > 0 || w.Err() != nil {
		return found, w.Err()
	}
	// Nobody. Is it the search that finds nobody at all?
	self := c.exact(w, c.search(w, c.me()), c.me())
	if w.Err() != nil {
		return nil, w.Err()
	}
	if len(self) == 0 {
		w.Note("the search does not find our own account, so it proves nothing")
		return c.findInList(ctx, email)
	}
	found = c.exact(w, c.search(w, email), email)
	return found, w.Err()
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
