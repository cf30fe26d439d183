package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/selectors"
)

func (c *cli) selectorsCommand() *cobra.Command {
	return group("selectors", "Show the sheets that say how consoles look, and accept what is assumed",
		c.selectorsListCommand(), c.selectorsShowCommand(), c.selectorsAcceptCommand())
}

// usesSheets says whether an app is reached through a console that a sheet describes.
func usesSheets(a flows.App) bool {
	return slices.ContainsFunc(a.Ways, func(w flows.Way) bool { return w.Name == flows.ViaBrowser })
}

// assumed counts the elements of a sheet that nobody has checked.
func assumed(s *selectors.Sheet) (n, all int) {
	for _, e := range s.Elements {
		if e.Basis == selectors.Assumed {
			n++
		}
	}
	return n, len(s.Elements)
}

// sheetJSON is a sheet in `usher selectors list --format json`.
type sheetJSON struct {
	Sheet      string `json:"sheet"`
	App        string `json:"app"`
	Title      string `json:"title"`
	Since      string `json:"since"`
	Elements   int    `json:"elements"`
	Documented int    `json:"documented"`
	Seen       int    `json:"seen"`
	Assumed    int    `json:"assumed"`
}

func (c *cli) selectorsListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The sheets, and how much of each is documented, seen or assumed", Args: args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			load, known, err := c.sheetLoader()
			if err != nil {
				return err
			}
			g := &grid{head: []string{"SHEET", "TITLE", "SINCE", "ELEMENTS", "DOCUMENTED", "SEEN", "ASSUMED"}}
			rows := []sheetJSON{}
			for _, app := range known {
				if !usesSheets(app) {
					continue
				}
				set, err := load(app.Name)
				if err != nil {
					return err
				}
				for _, s := range set.Sheets {
					r := sheetJSON{Sheet: s.ID(), App: s.App, Title: s.Title, Since: s.Since, Elements: len(s.Elements)}
					for _, e := range s.Elements {
						switch e.Basis {
						case selectors.Documented:
							r.Documented++
						case selectors.Seen:
							r.Seen++
						default:
							r.Assumed++
						}
					}
					rows = append(rows, r)
					g.add(r.Sheet, r.Title, r.Since, strconv.Itoa(r.Elements), strconv.Itoa(r.Documented), strconv.Itoa(r.Seen), strconv.Itoa(r.Assumed))
				}
			}
			return c.print(g, rows)
		},
	}
}

// sheetLoader returns what loads sheets, with the configuration's overlay where there is a
// configuration: looking at sheets needs none.
func (c *cli) sheetLoader() (func(string) (*selectors.Set, error), []flows.App, error) {
	known, err := apps()
	if err != nil {
		return nil, nil, err
	}
	path, _, err := lookForConfig(c.configPath)
	if err != nil {
		return nil, nil, err
	}
	if path == "" {
		c.say("no configuration: these are the sheets that come with usher")
		return sheets(""), known, nil
	}
	conf, err := loadConfig(path, known)
	if err != nil {
		return nil, nil, err
	}
	return sheets(conf.Selectors), known, nil
}

// elementJSON is an element in `usher selectors show --format json`.
type elementJSON struct {
	Sheet  string `json:"sheet"`
	Name   string `json:"name"`
	Digest string `json:"digest"`
	selectors.Element
}

func (c *cli) selectorsShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show APP|SHEET [NAME...]", Short: "The elements of a sheet: how each is found, and why that is believed",
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, a []string) error {
			load, known, err := c.sheetLoader()
			if err != nil {
				return err
			}
			s, err := findSheet(load, known, a[0])
			if err != nil {
				return err
			}
			return c.showSheet(s, a[1:])
		},
	}
}

// findSheet returns the sheet of that id ("stonly/v1"), or the newest of that app.
func findSheet(load func(string) (*selectors.Set, error), known []flows.App, id string) (*selectors.Sheet, error) {
	name, _, versioned := strings.Cut(id, "/")
	i := slices.IndexFunc(known, func(a flows.App) bool { return a.Name == name && usesSheets(a) })
	if i < 0 {
		return nil, usage("there is no sheet of %q", flows.Clean(name)).WithHint("see `usher selectors list`")
	}
	set, err := load(name)
	if err != nil {
		return nil, err
	}
	if !versioned {
		return set.Newest(), nil
	}
	for _, s := range set.Sheets {
		if s.ID() == id {
			return s, nil
		}
	}
	return nil, usage("there is no sheet %q", flows.Clean(id)).WithHint("see `usher selectors list`")
}

func (c *cli) showSheet(s *selectors.Sheet, names []string) error {
	if len(names) == 0 {
		for n := range s.Elements {
			names = append(names, n)
		}
		slices.Sort(names)
	}
	g := &grid{head: []string{"ELEMENT", "BASIS", "VERB", "WRITES", "IN", "FOUND BY", "SOURCE"}}
	rows := []elementJSON{}
	for _, n := range names {
		e, ok := s.Elements[n]
		if !ok {
			return usage("%s names no element %q", s.ID(), flows.Clean(n)).WithHint("see `usher selectors show %s`", s.ID())
		}
		writes := ""
		if e.Writes {
			writes = "yes"
		}
		g.add(n, string(e.Basis), e.Verb, writes, e.In, candidates(e), e.Source)
		rows = append(rows, elementJSON{Sheet: s.ID(), Name: n, Digest: s.Digest(n), Element: e})
	}
	return c.print(g, rows)
}

// candidates says in one line how an element is found, in the order in which it is tried.
func candidates(e selectors.Element) string {
	var ways []string
	for _, f := range e.Find {
		ways = append(ways, f.String())
	}
	return strings.Join(ways, "; else ")
}

func (c *cli) selectorsAcceptCommand() *cobra.Command {
	var yes bool
	var sheet string
	cmd := &cobra.Command{
		Use:   "accept CONNECTION [NAME...]",
		Short: "Say that assumed elements are the right ones on a connection",
		Long: "A write goes through no element that is only assumed until a person has accepted it on that connection.\n" +
			"accept shows what is known of each, and asks. Look at the console, or at the pictures of `usher check`, first.\n" +
			"An acceptance ends when the element's description changes.",
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, a []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error {
				return c.accept(ctx, h, a[0], a[1:], sheet, yes)
			})
		},
	}
	cmd.Flags().StringVar(&sheet, "sheet", "", "of this `sheet` (default: the one the last roster was read with, else the newest)")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (c *cli) accept(ctx context.Context, h *house, connection string, names []string, id string, yes bool) error {
	conns, err := h.named([]string{connection})
	if err != nil {
		return err
	}
	conn := conns[0]
	health, err := h.agent.Health(ctx, conn.Name)
	if err != nil {
		return err
	}
	if id == "" && health.LastRoster != nil {
		id = health.LastRoster.Sheet
	}
	if id == "" {
		if id, err = writable(sheets(h.conf.Selectors), conn); err != nil {
			return err
		}
	}
	s, err := findSheet(sheets(h.conf.Selectors), h.apps, id)
	if err != nil {
		return err
	}
	if s.App != conn.App {
		return usage("%s is an account of %s, and %s describes %s", conn.Name, conn.App, s.ID(), s.App)
	}
	if len(names) == 0 {
		names = writeElements(s, conn)
	}
	open, err := c.unaccepted(ctx, h, conn.Name, s, names)
	if err != nil {
		return err
	}
	if len(open) == 0 {
		c.say("nothing to accept: every element that a write on %s goes through is known or accepted (%s)", conn.Name, s.ID())
		return c.accepted(conn.Name, s, nil)
	}
	if c.format == formatTable {
		if err := c.showAssumed(conn, s, open); err != nil {
			return err
		}
	}
	if err := c.mayAccept(yes); err != nil {
		return err
	}
	if err := c.confirm(ctx, yes, "Accept "+count(len(open), "element")+" on "+conn.Name+"?"); err != nil {
		return err
	}
	for _, n := range open {
		if err := h.agent.Accept(ctx, conn.Name, s.ID(), n, s.Digest(n), who()); err != nil {
			return err
		}
	}
	return c.accepted(conn.Name, s, open)
}

// writable returns the newest sheet through which a deactivation on the connection is allowed; the
// newest at all where there is none.
func writable(load func(string) (*selectors.Set, error), conn flows.Connection) (string, error) {
	set, err := load(conn.App)
	if err != nil {
		return "", err
	}
	for _, s := range slices.Backward(set.Sheets) {
		if act := s.Act("deactivate"); act == "deactivate" || slices.Contains(conn.Acts, act) {
			return s.ID(), nil
		}
	}
	return set.Newest().ID(), nil
}

func (c *cli) mayAccept(yes bool) error {
	if yes || c.inTerminal && c.format == formatTable {
		return nil
	}
	return usage("there is no terminal to ask on").WithHint("look at the elements above, then add --yes")
}

// accepted answers with what was accepted: {"connection","sheet","accepted":[...]}.
func (c *cli) accepted(connection string, s *selectors.Sheet, names []string) error {
	if c.format == formatJSON {
		return c.json(map[string]any{"connection": connection, "sheet": s.ID(), "accepted": list(names)})
	}
	for _, n := range names {
		if err := c.line("accepted on %s: %s", connection, n); err != nil {
			return err
		}
	}
	return nil
}

// writeElements are the assumed elements that a write on the connection may go through.
func writeElements(s *selectors.Sheet, conn flows.Connection) []string {
	classes := append([]string{"invite", s.Act("deactivate")}, conn.Acts...)
	var names []string
	for n, e := range s.Elements {
		if e.Writes || slices.Contains(classes, e.Verb) {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return s.Assumed(names)
}

// unaccepted returns those of the names that are assumed and not accepted yet.
func (c *cli) unaccepted(ctx context.Context, h *house, connection string, s *selectors.Sheet, names []string) ([]string, error) {
	done, err := h.agent.Accepted(ctx, connection)
	if err != nil {
		return nil, err
	}
	accepted := map[string]bool{}
	for _, a := range done {
		accepted[a.Sheet+" "+a.Name+" "+a.Digest] = true
	}
	var open []string
	for _, n := range names {
		e, ok := s.Elements[n]
		switch {
		case !ok:
			return nil, usage("%s names no element %q", s.ID(), flows.Clean(n)).WithHint("see `usher selectors show %s`", s.ID())
		case e.Basis != selectors.Assumed:
			c.say("%s needs no acceptance: it is %s", n, e.Basis)
		case accepted[s.ID()+" "+n+" "+s.Digest(n)]:
			c.say("%s is accepted already", n)
		case !slices.Contains(open, n):
			open = append(open, n)
		}
	}
	return open, nil
}

func (c *cli) showAssumed(conn flows.Connection, s *selectors.Sheet, names []string) error {
	if err := c.line("On %s (%s), sheet %s, nobody has checked these against the real console:", conn.Name, conn.URL, s.ID()); err != nil {
		return err
	}
	for _, n := range names {
		e := s.Elements[n]
		text := "\n" + n
		if e.Verb != "" {
			text += ", of the class " + e.Verb
		}
		if e.Writes {
			text += ", pressing it may change something"
		}
		text += "\n  found by: " + candidates(e)
		if e.In != "" {
			text += "\n  inside:   " + e.In
		}
		if len(e.Not) > 0 {
			text += "\n  never:    " + e.Not.String()
		}
		if e.Source != "" {
			text += "\n  source:   " + e.Source
		}
		if err := c.line("%s", text); err != nil {
			return err
		}
	}
	return c.line("")
}
