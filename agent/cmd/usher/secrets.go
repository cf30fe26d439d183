package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

func (c *cli) secretsCommand() *cobra.Command {
	return group("secrets", "Keep and check the secrets that usher signs in with",
		c.secretsSetCommand(), c.secretsListCommand(), c.secretsCheckCommand())
}

func (c *cli) secretsSetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "set NAME",
		Short: "Keep a secret in the encrypted store",
		Long: "set asks for the secret without showing it, or reads it from standard input where that is no terminal (one\n" +
			"newline at the end is not part of it). It is never an argument: arguments stand in the shell's history and\n" +
			"in the list of processes. Write age:NAME in the configuration to use it.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, a []string) error {
			if err := secrets.CheckName(a[0]); err != nil {
				return usage("%s", err)
			}
			conf, err := c.readConfig()
			if err != nil {
				return err
			}
			v, err := c.readSecret(cmd.Context(), a[0])
			if err != nil {
				return err
			}
			if err := c.keep(cmd.Context(), conf, a[0], v); err != nil {
				return err
			}
			if c.format == formatJSON {
				return c.json(map[string]any{"name": a[0], "reference": "age:" + a[0]})
			}
			return c.line("kept: write age:%s in the configuration", a[0])
		},
	}
}

// readSecret asks for a secret, or reads all of standard input.
func (c *cli) readSecret(ctx context.Context, name string) (secrets.Value, error) {
	if c.inTerminal {
		v, err := c.prompter().secret(ctx, "The secret "+name)
		if err == nil && v.Empty() {
			err = usage("an empty secret is not kept")
		}
		c.mask.Add(v)
		return v, err
	}
	b, err := io.ReadAll(io.LimitReader(c.in, maxAnswer+1))
	if err != nil {
		return secrets.Value{}, failed("read the secret", err)
	}
	s := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	switch {
	case len(b) > maxAnswer:
		return secrets.Value{}, usage("longer than %d KiB: this is no password", maxAnswer>>10)
	case s == "":
		return secrets.Value{}, usage("standard input is empty, and an empty secret is not kept")
	}
	v := secrets.New(s)
	c.mask.Add(v)
	return v, nil
}

// keep puts a secret into the configured store.
func (c *cli) keep(ctx context.Context, conf *config, name string, v secrets.Value) error {
	s, err := conf.resolver().Store(ctx)
	if err == nil {
		err = s.Set(ctx, name, v)
	}
	if err != nil {
		return flows.Errorf(flows.Invalid, "keep the secret", "%w", err).
			WithHint("see `key` and `secrets` in %s; nothing was changed", conf.path)
	}
	return nil
}

func (c *cli) secretsListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The names in the encrypted store, and who uses them", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := c.readConfig()
			if err != nil {
				return err
			}
			s, err := conf.resolver().Store(cmd.Context())
			if err != nil {
				return flows.Errorf(flows.Invalid, "open the store", "%w", err)
			}
			names, err := s.Names()
			if err != nil {
				return flows.Errorf(flows.Invalid, "read the store", "%w", err)
			}
			type row struct {
				Name   string   `json:"name"`
				UsedBy []string `json:"used_by"`
			}
			g := &grid{head: []string{"NAME", "USED BY"}}
			rows := []row{}
			for _, n := range names {
				r := row{Name: n, UsedBy: list(users(conf, "age:"+n))}
				rows = append(rows, r)
				g.add(n, strings.Join(r.UsedBy, ", "))
			}
			return c.print(g, rows)
		},
	}
}

// users returns the connections whose configuration has the reference.
func users(conf *config, ref string) []string {
	var out []string
	for _, conn := range conf.connections() {
		for _, r := range conn.Secrets {
			if r == ref && !slices.Contains(out, conn.Name) {
				out = append(out, conn.Name)
			}
		}
	}
	for _, s := range conf.alertSecrets() {
		if s.ref == ref && !slices.Contains(out, s.owner) {
			out = append(out, s.owner)
		}
	}
	return out
}

// secretJSON is a line of `usher secrets check`: whether a reference leads to a secret, never which.
type secretJSON struct {
	Connection string `json:"connection"`
	Name       string `json:"name"`
	OK         bool   `json:"ok"`
	Why        string `json:"why,omitempty"`
}

func (c *cli) secretsCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "See whether every secret of the configuration can be read", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := c.readConfig()
			if err != nil {
				return err
			}
			return c.checkSecrets(cmd.Context(), conf)
		},
	}
}

func (c *cli) checkSecrets(ctx context.Context, conf *config) error {
	r := conf.resolver()
	g := &grid{head: []string{"CONNECTION", "SECRET", "RESULT"}}
	rows := []secretJSON{}
	bad := 0
	add := func(connection, name string, err error) {
		one := secretJSON{Connection: connection, Name: name, OK: err == nil}
		result := "ok"
		if err != nil {
			bad++
			one.Why = plain(err.Error())
			result = "MISSING: " + one.Why
		}
		rows = append(rows, one)
		g.add(connection, name, result)
	}
	_, kerr := secrets.LoadIdentity(ctx, r, conf.Key)
	add("", "key", kerr)
	for _, conn := range conf.connections() {
		names := make([]string, 0, len(conn.Secrets))
		for n := range conn.Secrets {
			names = append(names, n)
		}
		slices.Sort(names)
		for _, n := range names {
			v, err := r.Resolve(ctx, conn.Secrets[n])
			if err == nil && v.Empty() {
				err = errors.New("it is empty")
			}
			add(conn.Name, n, err)
		}
	}
	for _, s := range conf.alertSecrets() {
		v, err := r.Resolve(ctx, s.ref)
		if err == nil && v.Empty() {
			err = errors.New("it is empty")
		}
		add(s.owner, s.name, err)
	}
	if err := c.print(g, rows); err != nil {
		return err
	}
	if bad > 0 {
		return flows.Errorf(flows.Invalid, "check the secrets", "%d of %d cannot be read", bad, len(rows)).
			WithHint("keep what is missing with `usher secrets set NAME`")
	}
	return nil
}
