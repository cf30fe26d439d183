package console

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/browser"
	"github.com/usherhq/usher/selectors"
)

// Narrow opens the users page and searches for one address, so that its row is on the page.
func (c *Console) Narrow(w *browser.Walk, email string) {
	c.openUsers(w, false)
	if box := c.Name("users.search"); w.Err() == nil && w.Has(box) && w.Shows(box) {
		found, _ := c.searchFor(w, email, email)
		if _, err := one(found, email); err != nil {
			w.Fail(err)
		}
	}
}

// Check resolves the names of the sheet that can be seen without pressing anything that may write:
// those of the users page, and of the invitation's form, which is opened and left again.
func (c *Console) Check(ctx context.Context) ([]flows.Finding, error) {
	w := c.Tab.Walk(ctx, "check")
	var out []flows.Finding
	c.openUsers(w, false)
	if w.Err() != nil {
		return nil, w.Err()
	}
	users := c.Name("users")
	out = append(out, c.look(w, "shell", func(n string) bool { return strings.HasPrefix(n, "shell.") })...)
	out = append(out, c.look(w, users, func(n string) bool { return strings.HasPrefix(n, users+".") })...)
	w.Click(c.Name("users.add"))
	w.See("invite.dialog")
	if w.Err() != nil {
		return out, w.Err()
	}
	out = append(out, c.look(w, "invite", func(n string) bool { return strings.HasPrefix(n, "invite.") })...)
	w.Picture("the invitation's form")
	out = append(out, c.peek(w)...) // on a fresh page: the form is left, nothing was sent
	seen := map[string]bool{}
	for _, f := range out {
		seen[f.Name] = true
	}
	sheet := c.Tab.Sheet()
	for _, n := range slices.Sorted(maps.Keys(sheet.Elements)) {
		if !seen[n] && c.mine(n) {
			out = append(out, flows.Finding{Name: n, Page: "-", Basis: string(sheet.Elements[n].Basis), Skipped: true,
				Detail: "shows itself only while signing in, or on the way to a write"})
		}
	}
	return out, w.Err()
}

// peek looks at what an act is offered in, on our own row: of others nothing is opened. What is not
// offered there, because the row is one's own, is no fault.
func (c *Console) peek(w *browser.Walk) []flows.Finding {
	me := flows.Account{Email: c.me()}
	c.Narrow(w, me.Email)
	if w.Err() != nil || c.Shape.Peek == nil {
		return nil
	}
	var out []flows.Finding
	for _, prefix := range c.Shape.Peek(w, c, me) {
		for _, f := range c.look(w, strings.TrimSuffix(prefix, "."), func(n string) bool { return n+"." == prefix || strings.HasPrefix(n, prefix) }) {
			if !f.OK && selectors.Takes(c.Tab.Sheet().Elements[f.Name].Verb) {
				f.Skipped, f.Detail = true, "not offered on one's own account"
			}
			out = append(out, f)
		}
	}
	w.Picture("our own account")
	c.openUsers(w, false)
	return out
}

// mine leaves out the names of the surface that this connection does not use.
func (c *Console) mine(n string) bool {
	if c.Prefix != "" {
		return !strings.HasPrefix(n, "users.")
	}
	return !strings.HasPrefix(n, "account.")
}

func (c *Console) look(w *browser.Walk, page string, which func(string) bool) []flows.Finding {
	sheet := c.Tab.Sheet()
	var out []flows.Finding
	for _, n := range slices.Sorted(maps.Keys(sheet.Elements)) {
		e := sheet.Elements[n]
		if !which(n) || w.Err() != nil {
			continue
		}
		f := flows.Finding{Page: page, Name: n, Basis: string(e.Basis)}
		by, why := w.Try(n)
		f.OK, f.Found, f.Detail = by != "", by, why
		if by == "" && (e.Optional || e.In == "users.grid" || strings.HasPrefix(n, "shell.")) {
			f.Skipped = true // it need not be on the page at this moment
		}
		out = append(out, f)
	}
	return out
}
