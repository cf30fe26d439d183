package scim

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// getUser reads one user, or nil where there is none of that id.
func (c *Console) getUser(ctx context.Context, id string) (*user, error) {
	reply, err := c.fetch(ctx, "Users", id)
	if err != nil || reply == nil {
		return nil, err
	}
	u, err := decodeUser(reply.Body)
	if err == nil && u.id != id {
		err = errors.New("asked for one user, and got another")
	}
	if err != nil {
		return nil, c.wire.notSCIM("read the user", reply, err)
	}
	u.etag = reply.Header.Get("ETag")
	return u, nil
}

func sortUsers(users []*user) {
	slices.SortFunc(users, func(a, b *user) int { return cmp.Compare(a.id, b.id) })
}
