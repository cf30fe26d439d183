package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/usherhq/usher/flows"
)

// noSuch is the error of an id that nobody keeps.
func noSuch(what, id string) error {
	return flows.Errorf(flows.Invalid, "find the "+what, "there is no %s %q", what, flows.Clean(id)).
		WithHint("`usher %ss list` shows those that are kept", what)
}

// Orders returns the orders that are kept, the newest first.
func (a *Agent) Orders(ctx context.Context, f OrderFilter) ([]Order, error) {
	return a.opt.Store.Orders(ctx, f)
}

// Order returns a kept order.
func (a *Agent) Order(ctx context.Context, id string) (Order, error) {
	o, ok, err := a.opt.Store.Order(ctx, id)
	if err == nil && !ok {
		err = noSuch("order", id)
	}
	return o, err
}

// Runs returns the runs that are kept, the newest first.
func (a *Agent) Runs(ctx context.Context, f RunFilter) ([]Run, error) {
	return a.opt.Store.Runs(ctx, f)
}

// Run returns a kept run and its steps in their order.
func (a *Agent) Run(ctx context.Context, id string) (Run, []StepRow, error) {
	r, ok, err := a.opt.Store.Run(ctx, id)
	if err == nil && !ok {
		err = noSuch("run", id)
	}
	if err != nil {
		return r, nil, err
	}
	steps, err := a.opt.Store.Steps(ctx, id)
	return r, steps, err
}

// Plan returns the plan that a run made; false where it made none.
func (a *Agent) Plan(ctx context.Context, run string) (Plan, bool, error) {
	return a.opt.Store.Plan(ctx, run)
}

// Picture opens a sealed picture and checks that it is the one of that hash.
func (a *Agent) Picture(ctx context.Context, hash string) ([]byte, error) {
	sealed, ok, err := a.opt.Store.Picture(ctx, hash)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, flows.Errorf(flows.Invalid, "find the picture", "the picture %.12s is not kept", flows.Clean(hash))
	}
	plain, err := a.opt.Box.Open(sealed)
	if err != nil {
		return nil, fmt.Errorf("open the picture %.12s: %w", hash, err)
	}
	if sum := sha256.Sum256(plain); hex.EncodeToString(sum[:]) != hash {
		return nil, flows.Errorf(flows.Internal, "open the picture", "what is kept under %.12s is another picture", hash).
			WithHint("run `usher audit verify`: somebody has changed the database")
	}
	return plain, nil
}
