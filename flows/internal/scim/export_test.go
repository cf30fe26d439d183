package scim

import (
	"context"
	"time"
)

// SetSleep replaces the waiting between tries and between looks, so that a test need not wait.
func SetSleep(c *Console, f func(ctx context.Context, d time.Duration) error) {
	c.sleep, c.wire.sleep = f, f
}

// SetBound replaces how long one request may take with its reply.
func SetBound(c *Console, d time.Duration) { c.wire.bound = d }

// SetPatience replaces how long what was accepted may take until it is to be seen.
func SetPatience(c *Console, d time.Duration) { c.patience = d }
