package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// demoFlags say how large the tour is.
type demoFlags struct {
	users     int
	noSandbox bool
	download  bool
}

func (c *cli) demoCommand() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The whole tour, on stand-ins of the consoles on this machine",
		Long: "demo starts stand-ins of the consoles on this machine, signs in to them with a real browser (to Spekit's\n" +
			"through SCIM), reads who has an account and proves that these are all, invites one person, deactivates one\n" +
			"person everywhere, and compares what it claims with what the stand-ins' servers know. It needs no account and\n" +
			"changes nothing outside a temporary folder. It exits with 0 only if everything was as claimed.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.demo(cmd.Context(), f) },
	}
	cmd.Flags().IntVar(&f.users, "users", 0, "how many accounts each stand-in has (default: 212, 1034 and 540)")
	cmd.Flags().BoolVar(&f.noSandbox, "no-sandbox", false, "turn the browser's own sandbox off (as root it always is)")
	cmd.Flags().BoolVar(&f.download, "download-browser", false, "fetch a browser where none is installed")
	return cmd
}

// A tour is one demo under way.
type tour struct {
	c    *cli
	h    *house
	ins  standIns
	conf *config
	dir  string

	rosters map[string]*flows.Roster
	invited string   // address, on the connection invitedOn
	on      string   // connection of the invitation
	leaver  string   // address
	wrong   []string // where a claim and the truth differ
}

func (c *cli) demo(ctx context.Context, f demoFlags) (err error) {
	const fewest = 20 // as many as the people the tour is about, and some more
	if f.users != 0 && f.users < fewest {
		return usage("--users is at least %d", fewest)
	}
	if c.format != formatTable {
		return usage("demo speaks to people only").WithHint("leave --format out; `usher sandbox` is there for programs")
	}
	started := time.Now()
	t := &tour{c: c, rosters: map[string]*flows.Roster{}}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.start(ctx, f); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		t.enumerate, t.invite, t.deactivate, t.compare, t.evidence,
	} {
		if err := step(ctx); err != nil {
			t.keep()
			return err
		}
	}
	t.keep()
	if len(t.wrong) > 0 {
		return flows.Errorf(flows.Internal, "compare with the truth", "%s between what usher says and what the stand-ins know: %s",
			count(len(t.wrong), "difference"), t.wrong[0]).WithHint("this is a fault of usher's own: please report it with the runs")
	}
	return c.line("\nEverything was as claimed (%s).", time.Since(started).Round(time.Second))
}

func (t *tour) say(format string, args ...any) error { return t.c.line(format, args...) }

// head begins a part of the tour.
func (t *tour) head(n int, title string) error { return t.say("\n%d. %s", n, title) }

// start starts the stand-ins and wires a house of its own for them.
func (t *tour) start(ctx context.Context, f demoFlags) error {
	known, err := apps()
	if err != nil {
		return err
	}
	if t.dir, err = os.MkdirTemp("", "usher-demo-"); err != nil {
		return flows.Errorf(flows.Invalid, "make a temporary folder", "%w", err)
	}
	if err := t.say("usher demo: stand-ins of the consoles on this machine. Nothing real is touched."); err != nil {
		return err
	}
	if t.ins, err = standUp(ctx, known, flows.SandboxOptions{Users: f.users}); err != nil {
		return err
	}
	path := filepath.Join(t.dir, configName)
	if err := t.c.furnish(ctx, path, known, t.ins); err != nil {
		return err
	}
	if t.conf, err = loadConfig(path, known); err != nil {
		return err
	}
	for _, in := range t.ins {
		if err := t.say("  %s: %s", in.app.Title, in.Connection().URL); err != nil {
			return err
		}
	}
	t.conf.Browser.Download = t.conf.Browser.Download || f.download
	switch {
	case asRoot():
		err = t.say("  The browser's own sandbox is off: this runs as root. Run it as a user to have it on.")
	case f.noSandbox:
		t.conf.Browser.Sandbox = "off"
		err = t.say("  The browser's own sandbox is off: --no-sandbox.")
	}
	if err != nil {
		return err
	}
	t.h, err = t.c.open(ctx, t.conf, wiring{progress: t.c.demoProgress(), notice: logged{}})
	return err
}

// demoProgress is progress on a terminal, and plain lines elsewhere.
func (c *cli) demoProgress() *progress {
	if p := c.newProgress(); p != nil {
		return p
	}
	if c.quiet || c.format != formatTable {
		return nil
	}
	return plainProgress(c.out)
}

// enumerate reads all rosters side by side, and shows the proof of each.
func (t *tour) enumerate(ctx context.Context) error {
	if err := t.head(1, "Who has an account? "+t.howRead()+"."); err != nil {
		return err
	}
	var orders []agent.Order
	for _, conn := range t.conf.connections() {
		orders = append(orders, order(agent.List, conn.Name))
	}
	results := t.h.do(ctx, orders)
	for _, r := range results {
		if r.Roster == nil {
			continue
		}
		t.rosters[r.Connection] = r.Roster
		if err := t.say("\n%s\n%s", summary(*r.Roster), states(r.Roster)); err != nil {
			return err
		}
	}
	return agent.Worst(results)
}

// howRead says how each stand-in is read: "Thoropass and Stonly are read with a real browser, ...".
func (t *tour) howRead() string {
	var browser, scim []string
	for _, in := range t.ins {
		if way, _ := in.app.Way(""); way.Name == flows.ViaSCIM {
			scim = append(scim, in.app.Title)
		} else {
			browser = append(browser, in.app.Title)
		}
	}
	return strings.Join(browser, " and ") + " are read with a real browser, " + strings.Join(scim, " and ") + " through SCIM, side by side"
}

// states counts the accounts of a roster by state.
func states(r *flows.Roster) string {
	n := map[flows.State]int{}
	for _, a := range r.Accounts {
		n[a.State]++
	}
	text := "  states   "
	for _, s := range []flows.State{flows.Active, flows.Invited, flows.InviteExpired, flows.Deactivated, flows.Unknown} {
		if n[s] > 0 {
			text += fmt.Sprintf(" %d %s,", n[s], s)
		}
	}
	return text[:len(text)-1]
}

// invite lets a new person in on the first connection.
func (t *tour) invite(ctx context.Context) error {
	conn := t.conf.connections()[0]
	app := t.h.app(conn.App)
	role := commonRole(app, t.rosters[conn.Name])
	t.on, t.invited = conn.Name, "nina.newcomer@example.com"
	if err := t.head(2, fmt.Sprintf("Invite %s to %s as %s.", t.invited, app.Title, role)); err != nil {
		return err
	}
	o := order(agent.Invite, conn.Name)
	o.Person = &flows.Person{Email: t.invited, First: "Nina", Last: "Newcomer", Roles: []string{role}}
	o.Reason = "usher demo"
	results := t.h.do(ctx, []agent.Order{o})
	if err := t.say("%s", outcomeText(results[0])); err != nil {
		return err
	}
	return agent.Worst(results)
}

// commonRole returns the role that most accounts of the roster hold, and that is no admin's.
func commonRole(app flows.App, r *flows.Roster) string {
	n := map[string]int{}
	for _, a := range r.Accounts {
		for _, role := range a.Roles {
			n[role]++
		}
	}
	best := app.Roles[len(app.Roles)-1]
	for _, role := range app.Roles {
		if n[role] > n[best] && !contains(app.Admins, role) && !contains(app.Never, role) {
			best = role
		}
	}
	return best
}

// deactivate takes the access of one person away, everywhere she has an account.
func (t *tour) deactivate(ctx context.Context) error {
	if t.leaver = t.choose(); t.leaver == "" {
		return flows.Errorf(flows.Internal, "choose a leaver", "nobody has an account on every stand-in")
	}
	if err := t.head(3, fmt.Sprintf("%s leaves. First the plan: a fresh look on every connection, nothing is changed.", t.leaver)); err != nil {
		return err
	}
	var orders []agent.Order
	for _, conn := range t.conf.connections() {
		o := order(agent.Deactivate, conn.Name)
		o.Subject, o.Reason, o.DryRun = t.leaver, "usher demo", true
		o.Holdings = agent.HoldingsReviewed
		orders = append(orders, o)
	}
	planned := t.h.do(ctx, orders)
	for _, r := range planned {
		if err := t.say("%s", planText(r)); err != nil {
			return err
		}
	}
	if err := agent.Worst(planned); err != nil {
		return err
	}
	if err := t.head(4, "Her open work counts as reviewed. Now do exactly what was planned, and look again."); err != nil {
		return err
	}
	var again []agent.Order
	for _, r := range planned {
		again = append(again, agent.Order{ID: r.Order, Connection: r.Connection})
	}
	results := t.h.do(ctx, again)
	for _, r := range results {
		if err := t.say("%s", outcomeText(r)); err != nil {
			return err
		}
	}
	return agent.Worst(results)
}
