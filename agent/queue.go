package agent

import (
	"context"
	"time"
)

// A Queue keeps orders until it is their time. The scheduler implements it.
type Queue interface {
	// Enqueue puts the order in, not to be run before at. What tx writes and the job become
	// visible together; a nil tx means on its own.
	Enqueue(ctx context.Context, tx Tx, o Order, at time.Time) error
	// Run takes orders out and hands them to do until ctx ends, and waits for those under way.
	Run(ctx context.Context, do func(context.Context, Order) (Result, error)) error
}
