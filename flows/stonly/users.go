package stonly

import (
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/browser"
	"github.com/usherhq/usher/flows/internal/console"
)

// peek opens the menu of our own row.
func peek(w *browser.Walk, c *console.Console, me flows.Account) []string {
	w.Join(w.In(c.Name("users"), me.Email, "").Click("row.menu"))
	w.See("menu")
	return []string{"menu."}
}

// takeAway opens the menu of the one row, which shows itself under the pointer, takes the item,
// and confirms in the dialog that must name the member and the act.
func takeAway(w *browser.Walk, c *console.Console, who flows.Account) {
	class, err := c.Class()
	if err != nil {
		w.Fail(err)
		return
	}
	w.MayWrite(class)
	w.Join(w.In(c.Name("users"), who.Email, who.ID).Click("row.menu"))
	press := flows.Press{Verb: "deactivate", Subject: who.Email}
	w.Press("menu.deactivate", press)
	w.See("confirm.dialog")
	w.Press("confirm.yes", press, browser.Check{Element: "confirm.dialog", Email: who.Email, Person: who.Name, Class: class})
}
