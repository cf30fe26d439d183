package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/usherhq/usher/flows"
)

// fill puts defaults in and says what cannot work.
func (c *Config) fill() error {
	switch {
	case c.App == "" || len(c.Sites) == 0 || len(c.Sites) > 2 || len(c.Roles) == 0:
		return errors.New("a stand-in needs a name, one or two sites and at least one role")
	case c.Users < 0 || c.Seed < 0 || c.Latency < 0:
		return errors.New("users, seed and latency of a stand-in are not negative")
	case len(c.Admin.Roles) == 0 || c.Admin.Email == "":
		return errors.New("a stand-in's admin needs an address and a role")
	}
	if len(c.Pagings) == 0 {
		c.Pagings = []string{Next}
	}
	if err := oneOf("paging", &c.Paging, c.Pagings); err != nil {
		return err
	}
	if len(c.Releases) > 0 {
		if err := oneOf("release", &c.Release, c.Releases); err != nil {
			return err
		}
	}
	if len(c.States) == 0 {
		c.States = []Weighted{
			{string(flows.Active), 80}, {string(flows.Invited), 8},
			{string(flows.InviteExpired), 4}, {string(flows.Deactivated), 8},
		}
	}
	if len(c.GoneOn) == 0 {
		c.GoneOn = []string{"delete", "delete_person"}
	}
	if c.Service != nil {
		if c.Service.Base == "" || c.Service.Token.Empty() {
			return errors.New("a service needs a path and a token")
		}
		c.PageSize = or(c.PageSize, 100)
	}
	c.Users = or(c.Users, 100)
	c.PageSize = or(c.PageSize, 25)
	c.SessionTTL = or(c.SessionTTL, 30*time.Minute)
	c.LockFor = or(c.LockFor, 15*time.Minute)
	if c.Now == nil {
		c.Now = time.Now
	}
	return nil
}

func oneOf(what string, value *string, known []string) error {
	if *value == "" {
		*value = known[0]
	}
	if !slices.Contains(known, *value) {
		return fmt.Errorf("%s %q is none of %q", what, *value, known)
	}
	return nil
}

// or returns v, or what stands for it where v is zero.
func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func (c *Config) role(word string) bool {
	return slices.ContainsFunc(c.Roles, func(w Weighted) bool { return w.Word == word })
}
