package main

import (
	"context"
	"slices"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// writeFlags are what invite and deactivate have in common.
type writeFlags struct {
	dry, yes bool
	plans    []string // hashes that were agreed to
	question string
}

// write places orders that change accounts. A person sees every plan first, and what is done is the
// plan that was shown. A program that says --yes agrees to whatever is there, so its orders go
// straight through the agent, which plans, guards and verifies all the same.
func (c *cli) write(ctx context.Context, h *house, orders []agent.Order, f writeFlags) error {
	straight := !f.dry && c.format != formatTable && (len(f.plans) == 0 || len(orders) == 1 && len(f.plans) == 1)
	if straight {
		if len(f.plans) == 1 {
			orders[0].PlanHash = f.plans[0]
		}
		return c.answer(h.do(ctx, orders), false)
	}
	for i := range orders {
		orders[i].DryRun = true
	}
	planned := h.do(ctx, orders)
	if c.format == formatTable {
		for _, r := range planned {
			if err := c.line("%s", planText(r)); err != nil {
				return err
			}
		}
	}
	if f.dry {
		if c.format == formatTable {
			c.say("\nnothing was changed (dry run)")
			return verdict(planned)
		}
		return c.answer(planned, true)
	}
	results, err := c.execute(ctx, h, planned, f)
	if err != nil {
		return err
	}
	if c.format == formatTable {
		for i, r := range results {
			// What the plan has said already is not said again.
			if planned[i].Err != nil && r.Run == planned[i].Run {
				continue
			}
			if err := c.line("%s", outcomeText(r)); err != nil {
				return err
			}
		}
		return verdict(results)
	}
	return c.answer(results, false)
}

// execute takes up the planned orders, each bound to its plan, and returns the results of all.
func (c *cli) execute(ctx context.Context, h *house, planned []agent.Result, f writeFlags) ([]agent.Result, error) {
	results := slices.Clone(planned)
	var again []agent.Order
	var at []int
	for i, r := range planned {
		if r.Err != nil || r.State != agent.StatePlanned || r.Plan == nil {
			continue
		}
		if len(f.plans) > 0 && !slices.Contains(f.plans, r.Plan.Hash) {
			results[i] = notAgreed(r)
			continue
		}
		again, at = append(again, agent.Order{ID: r.Order, Connection: r.Connection}), append(at, i)
	}
	if len(again) == 0 {
		return results, nil
	}
	if err := c.confirm(ctx, f.yes, f.question); err != nil {
		return nil, c.cancel(ctx, h, again, err)
	}
	for i, r := range h.do(ctx, again) {
		results[at[i]] = r
	}
	return results, nil
}

// notAgreed is the result of a plan whose hash was not among those agreed to.
func notAgreed(r agent.Result) agent.Result {
	e := flows.Errorf(flows.Refused, "plan", "what is there now is not what was agreed to: the plan is %s", r.Plan.Hash).
		WithHint("look at it with --dry-run, and give its hash to --plan")
	r.Err, r.Code, r.Message, r.Hint = e, e.Code, e.Msg, e.Hint
	return r
}

// cancel takes back the orders that were not confirmed.
func (c *cli) cancel(ctx context.Context, h *house, orders []agent.Order, why error) error {
	ctx = context.WithoutCancel(ctx) // an interrupt at the question is a no as well
	errs := []error{why}
	for _, o := range orders {
		errs = append(errs, h.agent.Cancel(ctx, o.ID, who(), "not confirmed"))
	}
	return flows.Worst(errs...)
}
