package thoropass

import (
	"context"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/browser"
	"github.com/usherhq/usher/flows/internal/console"
)

// openPanel opens the side panel of the one row, and makes sure that it is of nobody else. Which
// version of the sheet describes it is chosen there: the versions differ in the act they offer.
func openPanel(w *browser.Walk, c *console.Console, who flows.Account) {
	w.Join(w.In(c.Name("users"), who.Email, who.ID).Click("row.name"))
	w.At("panel")
	w.Names(browser.Check{Element: "panel", Email: who.Email})
}

// peek opens our own side panel.
func peek(w *browser.Walk, c *console.Console, me flows.Account) []string {
	w.Join(w.In(c.Name("users"), me.Email, "").Click("row.name"))
	w.See("panel")
	w.Fits("panel")
	w.Names(browser.Check{Element: "panel", Email: me.Email})
	w.Which(console.Wait, "panel.work", "panel.nowork")
	return []string{"panel."}
}

// takeAway presses what takes the access away: in the panel, and in the dialog that must name the
// person and the act. "Delete User" and "Revoke Thoropass Access" are other acts; they are pressed
// only where the connection's policy names them.
func takeAway(w *browser.Walk, c *console.Console, who flows.Account) {
	openPanel(w, c, who)
	if w.Err() != nil {
		return
	}
	class, err := c.Class()
	if err != nil {
		w.Fail(err)
		return
	}
	w.MayWrite(class)
	press := flows.Press{Verb: "deactivate", Subject: who.Email}
	w.Press("panel.deactivate", press, browser.Check{Element: "panel", Email: who.Email})
	w.See("confirm.dialog")
	w.Press("confirm.yes", press, browser.Check{Element: "confirm.dialog", Email: who.Email, Person: who.Name, Class: class})
}

// Holdings reads the open evidence requests and tasks of an account, where the panel shows them.
func (u *users) Holdings(ctx context.Context, who flows.Account) ([]flows.Holding, string, bool, error) {
	w := u.Tab.Walk(ctx, "look at the open work of "+who.Email)
	u.Narrow(w, who.Email)
	w.Join(w.In(u.Name("users"), who.Email, who.ID).Click("row.name"))
	w.See("panel")
	w.Names(browser.Check{Element: "panel", Email: who.Email})
	w.Quiet()
	link := u.Env.Connection.URL
	if w.Err() == nil && w.Has("panel.review") && w.Which(console.Wait, "panel.review") != "" {
		link = w.Link("panel.review")
	}
	switch {
	case w.Err() != nil:
		return nil, "", false, w.Err()
	case w.Which(console.Wait, "panel.work", "panel.nowork") == "panel.nowork":
		return nil, link, true, w.Err()
	case !w.Shows("panel.work"):
		return nil, link, false, w.Err() // the panel lists no work: only a person can tell
	}
	r := w.Read("work")
	if w.Err() != nil {
		return nil, "", false, w.Err()
	}
	var items []flows.Holding
	for _, row := range r.Rows {
		items = append(items, flows.Holding{Kind: flows.Clean(row.Values["kind"]), Title: flows.Clean(row.Values["title"]), Due: flows.Clean(row.Values["due"])})
	}
	w.Picture("open work")
	return items, link, r.Ended, w.Err()
}
