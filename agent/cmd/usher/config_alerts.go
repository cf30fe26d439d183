package main

import (
	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/agent/internal/alert"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// alertConfig is one receiver of alerts.
type alertConfig struct {
	Kind     string   `yaml:"kind"`
	URL      string   `yaml:"url"`
	User     string   `yaml:"user"`
	Secret   string   `yaml:"secret"`
	Only     []string `yaml:"only"`
	PageOnly bool     `yaml:"page_only"`
}

func (k alertConfig) receiver(name string) alert.Receiver {
	r := alert.Receiver{Sink: agent.Sink{Name: name, PageOnly: k.PageOnly}, Kind: k.Kind, URL: k.URL, User: k.User, Secret: k.Secret}
	for _, code := range k.Only {
		r.Only = append(r.Only, flows.Code(code))
	}
	return r
}

// receivers returns them as the sender knows them, in the order of the file.
func (c *config) receivers() []alert.Receiver {
	out := make([]alert.Receiver, 0, len(c.sinks))
	for _, name := range c.sinks {
		out = append(out, c.Alerts[name].receiver(name))
	}
	return out
}

// alertSinks returns them as the agent knows them.
func (c *config) alertSinks() []agent.Sink {
	var out []agent.Sink
	for _, r := range c.receivers() {
		out = append(out, r.Sink)
	}
	return out
}

// alertSecret is a reference that a receiver of alerts has.
type alertSecret struct{ owner, name, ref string }

func (c *config) alertSecrets() []alertSecret {
	var out []alertSecret
	for _, r := range c.receivers() {
		if alert.IsReference(r.URL) {
			out = append(out, alertSecret{"alerts." + r.Name, "url", r.URL})
		}
		if r.Secret != "" {
			out = append(out, alertSecret{"alerts." + r.Name, "secret", r.Secret})
		}
	}
	return out
}

// checkAlerts says what in a receiver cannot work, with its line.
func (c *config) checkAlerts(src *source, refs *secrets.Resolver) error {
	for _, name := range c.sinks {
		at := func(keys ...string) []string { return append([]string{"alerts", name}, keys...) }
		if !nameForm.MatchString(name) {
			return src.key(at(), "the name of a receiver has letters, digits and . _ - only, and at most 64 of them")
		}
		if key, err := alert.Check(c.Alerts[name].receiver(name)); err != nil {
			return src.key(at(key), "%s", err)
		}
	}
	for _, s := range c.alertSecrets() {
		if err := refs.Check(s.ref); err != nil {
			return src.key([]string{"alerts", s.owner[len("alerts."):], s.name}, "%s", err)
		}
	}
	return nil
}
