package scim

import (
	"context"
	"net/url"

	"github.com/usherhq/usher/flows"
)

// verify reads one user: the token is taken, and the service speaks SCIM.
func (c *Console) verify(ctx context.Context) error {
	const op = "sign in"
	reply, err := c.wire.read(ctx, "Users", url.Values{"startIndex": {"1"}, "count": {"1"}}, mostTries)
	if err != nil {
		return err
	}
	if reply.Status == 404 {
		return flows.Errorf(flows.Invalid, op, "%s", c.wire.says(c.wire.base.Host+" has no Users below the base URL (404)", reply)).
			WithHint("check the base URL of the connection: it is what stands before /Users")
	}
	if !reply.ok() {
		return c.wire.refusal(op, reply)
	}
	p, err := decodePage(reply.Body)
	if err != nil {
		return c.wire.notSCIM(op, reply, err)
	}
	if len(p.resources) > 0 {
		if u, err := decodeUser(p.resources[0]); err == nil {
			c.noteActive(u)
		}
	}
	return nil
}

// noteActive learns the form of "active" from a user who shows it.
func (c *Console) noteActive(u *user) {
	switch {
	case u.account.State == flows.Unknown:
	case u.text:
		c.profile.Active = isString
	default:
		c.profile.Active = isBool
	}
}

// probe reads what the service says of itself. All of it is optional.
func (c *Console) probe(ctx context.Context) error {
	config, err := c.discover(ctx, "ServiceProviderConfig")
	if err != nil {
		return err
	}
	if config != nil {
		c.profile.Patch, c.profile.ETag = supported(config, "patch"), supported(config, "etag")
		if n := count(config.in("filter"), "maxResults"); n > 0 {
			c.profile.PageCap = n
		}
	}
	types, err := c.discover(ctx, "ResourceTypes")
	if err != nil {
		return err
	}
	c.profile.Groups = namesGroups(types)
	return nil
}

// discover reads one of the discovery endpoints, or returns nil where there is none to be had.
func (c *Console) discover(ctx context.Context, path string) (object, error) {
	reply, err := c.wire.read(ctx, path, nil, 1)
	switch {
	case ctx.Err() != nil:
		return nil, stopped(ctx, "probe the service")
	case err != nil, !reply.ok():
		return nil, nil //nolint:nilerr,nilnil // without it usher works as well
	}
	obj, err := decodeObject(reply.Body)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // as above
	}
	return obj, nil
}

// supported reads {"patch": {"supported": true}}.
func supported(config object, name string) string {
	v, _ := config.in(name).get("supported")
	switch v {
	case true, "true":
		return yes
	case false, "false":
		return no
	}
	return ""
}

// count reads a positive whole number, or 0.
func count(obj object, name string) int {
	v, _ := obj.get(name)
	n, ok := v.(interface{ Int64() (int64, error) })
	if !ok {
		return 0
	}
	i, err := n.Int64()
	if err != nil || i < 0 || i > mostItems {
		return 0
	}
	return int(i)
}

// namesGroups says whether a list of resource types has groups in it.
func namesGroups(types object) string {
	v, _ := types.get("Resources")
	list, ok := v.([]any)
	if !ok {
		return ""
	}
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			if s, _ := object(m).text("name"); s == "Group" {
				return yes
			}
			if s, _ := object(m).text("schema"); s == schemaGroup {
				return yes
			}
		}
	}
	return no
}
