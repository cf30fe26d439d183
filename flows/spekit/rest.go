package spekit

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/scim"
)

const (
	restToken = "rest_token"
	// restBase is what Spekit documents for all customers.
	restBase = "https://api.spekit.co/v1"
	restPage = 100
	// restPace keeps below 30 requests in ten seconds, which is what Spekit allows.
	restPace = 2.8
	mostRest = 1000 // pages
	within   = 10 * time.Minute
)

// A rest is Spekit's read-only REST API.
type rest struct {
	wire *scim.Wire
	base *url.URL
}

// second opens the REST API, where its token is configured.
func second(_ context.Context, env flows.Env) (scim.Second, error) {
	if env.Secrets[restToken].Empty() {
		return nil, nil //nolint:nilnil // there is no second source, and that is no error
	}
	address := env.Connection.API
	if address == "" {
		address = restBase
	}
	return openRest(address, scim.WireOptions{
		Base: address, Scheme: "Token", Token: env.Secrets[restToken], PerSecond: restPace, Burst: 1, Now: env.Now, Record: env.Record,
	})
}

func openRest(address string, o scim.WireOptions) (*rest, error) {
	wire, err := scim.NewWire(o)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(strings.TrimRight(strings.TrimSpace(address), "/"))
	if err != nil {
		return nil, flows.Errorf(flows.Invalid, "open the REST API", "its address does not parse").WithHint("set api to an address such as %s", restBase)
	}
	return &rest{wire: wire, base: base}, nil
}

// Name is what the source is called in a roster.
func (r *rest) Name() string { return "Spekit REST API" }

// A restReply is a page of users. What is not needed is not read.
type restReply struct {
	Count   *int       `json:"count"`
	Next    *string    `json:"next"`
	Results []restUser `json:"results"`
}

type restUser struct {
	ID       string `json:"id"`
	First    string `json:"first_name"`
	Last     string `json:"last_name"`
	Email    string `json:"email"`
	IsActive *bool  `json:"is_active"`
}

// Users reads every user, and the count that the API states. A list that changes while it is read is
// read once more; whatever else cannot be so is an error, as half a second witness is none.
func (r *rest) Users(ctx context.Context) ([]scim.SecondUser, int, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	users, count, moved, err := r.pass(ctx)
	if err != nil || !moved {
		return users, count, err
	}
	if users, count, moved, err = r.pass(ctx); err == nil && moved {
		err = r.odd("the list changed each time while it was read")
	}
	return users, count, err
}

// odd is the error of an API that does not answer as it is documented.
func (r *rest) odd(format string, args ...any) error {
	return flows.Errorf(flows.Incomplete, "read the users of the REST API", format, args...).
		WithHint("look at %s with the token, or take %s out of the connection's secrets", r.base.Host, restToken)
}

// pass reads the list once. moved says that its count changed meanwhile, or somebody came twice.
func (r *rest) pass(ctx context.Context) (users []scim.SecondUser, count int, moved bool, err error) {
	seen, cursors := map[string]bool{}, map[string]bool{}
	query := url.Values{"page_size": {strconv.Itoa(restPage)}}
	for page := 1; ; page++ {
		reply, err := r.page(ctx, query)
		if err != nil {
			return nil, 0, false, err
		}
		if page > 1 && *reply.Count != count {
			moved = true
		}
		count = *reply.Count
		for _, u := range reply.Results {
			if seen[u.ID] {
				moved = true
				continue
			}
			seen[u.ID] = true
			users = append(users, scim.SecondUser{
				Email: flows.Clean(u.Email), Name: flows.Clean(u.First + " " + u.Last), Active: *u.IsActive,
			})
		}
		if reply.Next == nil || *reply.Next == "" {
			return users, count, moved || len(users) != count, nil
		}
		cursor, err := r.cursor(*reply.Next)
		switch {
		case err != nil:
			return nil, 0, false, err
		case cursors[cursor]:
			return nil, 0, false, r.odd("it leads back to a page that was read")
		case page >= mostRest || len(reply.Results) == 0:
			return nil, 0, false, r.odd("it goes on after %d pages without an end", page)
		}
		cursors[cursor] = true
		query.Set("cursor", cursor)
	}
}

// page reads one page. An answer of HTML, as the address gives for what it does not know, is an error.
func (r *rest) page(ctx context.Context, query url.Values) (*restReply, error) {
	reply, err := r.wire.Get(ctx, "users/", query)
	if err != nil {
		return nil, err
	}
	if !reply.JSON {
		return nil, r.odd("it answers, but not with JSON")
	}
	var p restReply
	if err := json.Unmarshal(reply.Body, &p); err != nil {
		return nil, r.odd("a page does not decode")
	}
	switch {
	case p.Count == nil || *p.Count < 0:
		return nil, r.odd("it states no count")
	case p.Results == nil:
		return nil, r.odd("a page holds no results")
	case len(p.Results) > restPage:
		return nil, r.odd("a page holds %d users, more than were asked for", len(p.Results))
	}
	for _, u := range p.Results {
		if u.ID == "" || flows.Clean(u.Email) == "" || u.IsActive == nil {
			return nil, r.odd("a user has no id, no address or no state")
		}
	}
	return &p, nil
}

// cursor takes the cursor out of the address of the next page. The token goes to the API only: what
// leads elsewhere is not followed.
func (r *rest) cursor(next string) (string, error) {
	u, err := url.Parse(next)
	if err != nil {
		return "", r.odd("the address of the next page does not parse")
	}
	u = r.base.JoinPath("users/").ResolveReference(u)
	if u.Scheme != r.base.Scheme || !strings.EqualFold(u.Host, r.base.Host) || u.User != nil ||
		strings.TrimRight(u.Path, "/") != r.base.JoinPath("users").Path {
		return "", r.odd("the next page is said to be elsewhere")
	}
	cursor := u.Query().Get("cursor")
	if cursor == "" || len(cursor) > 4096 {
		return "", r.odd("the address of the next page names no cursor")
	}
	return cursor, nil
}

var _ scim.Second = (*rest)(nil)
