package main

import (
	"context"
	"errors"

	"github.com/usherhq/usher/flows"
)

// fitting suits one set of options to stand-ins that do not all know the same: one console has a
// second users page, another a second release. What none of them knows is an error.
type fitting struct {
	taken map[string]bool
	last  error
}

// A choice is an option that a stand-in may not know.
type choice struct {
	flag string
	get  func(*flows.SandboxOptions) *string
}

func choices() []choice {
	return []choice{
		{"--paging", func(o *flows.SandboxOptions) *string { return &o.Paging }},
		{"--release", func(o *flows.SandboxOptions) *string { return &o.Release }},
		{"--users-page", func(o *flows.SandboxOptions) *string { return &o.UsersPage }},
	}
}

// options returns those of o that the app's stand-in knows.
func (f *fitting) options(ctx context.Context, app flows.App, o flows.SandboxOptions) (flows.SandboxOptions, error) {
	for _, c := range choices() {
		value := *c.get(&o)
		if value == "" {
			continue
		}
		probe := flows.SandboxOptions{Users: 1}
		*c.get(&probe) = value
		in, err := app.Sandbox(ctx, probe)
		if err != nil {
			f.last = err
			*c.get(&o) = ""
			continue
		}
		f.taken[c.flag] = true
		if err := in.Close(); err != nil {
			return o, failed("stop the stand-in of "+app.Name, err)
		}
	}
	return o, nil
}

// unknown says which option no stand-in knows.
func (f *fitting) unknown(o flows.SandboxOptions) error {
	var errs []error
	for _, c := range choices() {
		if v := *c.get(&o); v != "" && !f.taken[c.flag] {
			errs = append(errs, usage("no stand-in knows %s %q: %w", c.flag, flows.Clean(v), f.last))
		}
	}
	return errors.Join(errs...)
}
