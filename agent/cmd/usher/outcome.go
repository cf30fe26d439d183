package main

import (
	"strings"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// writeJSON is the answer of every command that changes something, with --format json, one line:
//
//	{"order":"...","dry_run":false,
//	 "outcomes":[{"connection":"stonly","outcome":"done","code":"","run":"...","order":"...","state":"ended",
//	              "subject":"...","seen":"...","message":"","hint":"","manual":[],"plan":"<hash>",...}],
//	 "error":{"code","message","hint"}}
//
// Each connection is an order of its own; "order" on top is the first one's. "outcome" is done,
// already, invited or manual, and "" where "code" says what went wrong, or where a dry run found
// something to do. The command exits as "error" says; without it, with 0.
type writeJSON struct {
	Order    string        `json:"order"`
	DryRun   bool          `json:"dry_run"`
	Outcomes []outcomeJSON `json:"outcomes"`
	Error    *failureJSON  `json:"error,omitempty"`
}

type outcomeJSON struct {
	Connection string             `json:"connection"`
	Outcome    flows.OutcomeKind  `json:"outcome"`
	Code       flows.Code         `json:"code"`
	Run        string             `json:"run"`
	Order      string             `json:"order"`
	State      agent.State        `json:"state"`
	Subject    string             `json:"subject"`
	Seen       string             `json:"seen"`
	Message    string             `json:"message"`
	Hint       string             `json:"hint"`
	Manual     []flows.ManualStep `json:"manual"`
	Account    *flows.Account     `json:"account,omitempty"`
	Group      *flows.Group       `json:"group,omitempty"`
	// Plan is the hash of the plan, Do what it says in sentences.
	Plan string   `json:"plan"`
	Do   []string `json:"do"`
}

// answer prints what came of the orders and returns the error the command ends with.
func (c *cli) answer(results []agent.Result, dry bool) error {
	end := verdict(results)
	switch c.format {
	case formatJSON:
		out := writeJSON{DryRun: dry, Outcomes: []outcomeJSON{}, Error: failureOf(end)}
		for _, r := range results {
			if out.Order == "" {
				out.Order = r.Order
			}
			out.Outcomes = append(out.Outcomes, outcomeOf(r))
		}
		if err := c.json(out); err != nil {
			return flows.Worst(end, err)
		}
	case formatCSV:
		g := &grid{head: []string{"CONNECTION", "SUBJECT", "OUTCOME", "CODE", "SEEN", "MESSAGE", "ORDER", "RUN"}}
		for _, r := range results {
			g.add(r.Connection, r.Subject, string(r.Outcome), string(r.Code), r.Seen, r.Message, r.Order, r.Run)
		}
		if err := c.print(g, nil); err != nil {
			return flows.Worst(end, err)
		}
	default:
		for _, r := range results {
			if err := c.line("%s", outcomeText(r)); err != nil {
				return flows.Worst(end, err)
			}
		}
	}
	return end
}

func outcomeOf(r agent.Result) outcomeJSON {
	o := outcomeJSON{
		Connection: r.Connection, Outcome: r.Outcome, Code: r.Code, Run: r.Run, Order: r.Order, State: r.State,
		Subject: r.Subject, Seen: r.Seen, Message: r.Message, Hint: r.Hint, Manual: list(r.Manual), Account: r.Account, Group: r.Group,
		Do: []string{},
	}
	if r.Plan != nil {
		o.Plan, o.Do = r.Plan.Hash, list(r.Plan.Do)
	}
	return o
}

// outcomeText says a result for people, in a few lines.
func outcomeText(r agent.Result) string {
	var b strings.Builder
	b.WriteString(r.Connection + ": ")
	switch {
	case r.Err != nil:
		b.WriteString(string(r.Code) + ": " + r.Message)
		if r.Code == flows.NotFound {
			b.WriteString(" (searched, and proved)")
		}
		if r.Hint != "" {
			b.WriteString("\n  next: " + r.Hint)
		}
	case r.State == agent.StatePlanned:
		b.WriteString("planned: nothing was changed")
	default:
		b.WriteString(string(r.Outcome))
		if r.Seen != "" {
			b.WriteString(": " + r.Seen)
		}
	}
	b.WriteString(manualText(r.Manual))
	if r.Run != "" {
		b.WriteString("\n  run " + r.Run)
	}
	return b.String()
}

func manualText(steps []flows.ManualStep) string {
	var b strings.Builder
	for _, m := range steps {
		b.WriteString("\n  for a person: " + flows.Clean(m.What))
		if m.Link != "" {
			b.WriteString("\n    " + flows.Clean(m.Link))
		}
		for _, it := range m.Items {
			b.WriteString("\n    - " + flows.Clean(it.Kind) + ": " + flows.Clean(it.Title))
			if it.Due != "" {
				b.WriteString(" (due " + flows.Clean(it.Due) + ")")
			}
		}
	}
	return b.String()
}

// planText says a plan for people.
func planText(r agent.Result) string {
	if r.Plan == nil {
		return outcomeText(r)
	}
	p := r.Plan
	var b strings.Builder
	b.WriteString(r.Connection + ": plan to " + act(p.Verb) + " " + p.Subject)
	for _, a := range p.Accounts {
		b.WriteString("\n  found: " + accountText(a))
	}
	for _, g := range p.Groups {
		b.WriteString("\n  found: the group " + g.Name + ", " + count(len(g.Members), "member"))
	}
	if p.Standing != "" {
		b.WriteString("\n  nothing to do: " + string(p.Standing))
	}
	if p.Seen != "" {
		b.WriteString("\n  seen: " + flows.Clean(p.Seen))
	}
	for _, d := range p.Do {
		b.WriteString("\n  do: " + flows.Clean(d))
	}
	b.WriteString(manualText(p.Manual))
	if p.Waits {
		b.WriteString("\n  waits: this is to be reviewed first; go on with --holdings reviewed, or --holdings leave")
	}
	for _, no := range p.Refusals {
		b.WriteString("\n  refused: " + flows.Clean(no))
	}
	if r.Err != nil {
		b.WriteString("\n  " + string(r.Code) + ": " + r.Message)
		if r.Hint != "" {
			b.WriteString("\n  next: " + r.Hint)
		}
	}
	if p.Hash != "" {
		b.WriteString("\n  plan " + p.Hash)
	}
	return b.String()
}

// act is a verb as people say it.
func act(v agent.Verb) string {
	switch v {
	case agent.GroupCreate:
		return "create the group"
	case agent.GroupRename:
		return "rename the group"
	case agent.GroupMembers:
		return "change the members of"
	default:
		return string(v)
	}
}

func accountText(a flows.Account) string {
	s := a.Email
	if a.Name != "" {
		s += " (" + short(a.Name, 60) + ")"
	}
	if len(a.Roles) > 0 {
		s += ", " + strings.Join(a.Roles, " and ")
	}
	return s + ", " + string(a.State)
}
