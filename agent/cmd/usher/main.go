// Command usher lists, invites and deactivates accounts in the admin consoles of SaaS products.
//
// This package wires the parts together and speaks with people and programs: one file per command.
// It decides nothing about an account; that is agent's.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // a schedule's zone must load on a machine without a zone database
)

func main() { os.Exit(run()) }

// run is main with a result, so that what is deferred is done before the process ends.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	c := newCLI(os.Stdin, os.Stdout, os.Stderr)
	return c.run(ctx, os.Args[1:])
}
