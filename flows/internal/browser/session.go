package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-rod/rod/lib/proto"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// stored is a session as it is kept: the cookies of the context, and the storage of each origin
// that was seen.
type stored struct {
	User    string                 `json:"user"` // whose session it is
	Cookies []*proto.NetworkCookie `json:"cookies"`
	Places  map[string]storage     `json:"places"` // by origin
}

type storage struct {
	Local   map[string]string `json:"local"`
	Session map[string]string `json:"session"`
}

// restore puts the kept session into the empty context. A session that cannot be read is dropped
// and said so: signing in anew is always possible.
func (t *Tab) restore(ctx context.Context) error {
	if t.env.Sessions == nil {
		return nil
	}
	v, err := t.env.Sessions.LoadSession(ctx)
	if err != nil {
		return fmt.Errorf("load the kept session: %w", err)
	}
	if v.Empty() {
		return nil
	}
	var s stored
	if err := json.Unmarshal([]byte(v.Reveal()), &s); err != nil {
		t.note("the kept session could not be read and was dropped")
		return t.Forget(ctx)
	}
	if s.User != t.env.Secrets["user"].Reveal() {
		t.note("the kept session was another account's and was dropped")
		return t.Forget(ctx)
	}
	cookies := make([]*proto.NetworkCookieParam, 0, len(s.Cookies))
	for _, c := range s.Cookies {
		p := &proto.NetworkCookieParam{
			Name: c.Name, Value: c.Value, Domain: c.Domain, Path: c.Path, Secure: c.Secure, HTTPOnly: c.HTTPOnly,
			SameSite: c.SameSite, Priority: c.Priority,
		}
		if !c.Session {
			p.Expires = c.Expires
		}
		cookies = append(cookies, p)
	}
	if len(cookies) > 0 {
		if err := (proto.StorageSetCookies{Cookies: cookies, BrowserContextID: t.home.BrowserContextID}).Call(t.home.Context(ctx)); err != nil {
			return fmt.Errorf("restore the kept cookies: %w", err)
		}
	}
	t.kept = s
	if len(s.Places) == 0 {
		return nil
	}
	places, err := json.Marshal(s.Places)
	if err != nil {
		return fmt.Errorf("restore the kept storage: %w", err)
	}
	// Before any script of the page, once an origin: a storage that holds something is newer.
	script, err := proto.PageAddScriptToEvaluateOnNewDocument{WorldName: worldName, Source: `(() => {
		const s = (` + string(places) + `)[location.origin];
		if (!s || window.top !== window) return;
		if (localStorage.length === 0) for (const [k, v] of Object.entries(s.local || {})) localStorage.setItem(k, v);
		if (sessionStorage.length === 0) for (const [k, v] of Object.entries(s.session || {})) sessionStorage.setItem(k, v);
	})()`}.Call(t.page.Context(ctx))
	if err != nil {
		return fmt.Errorf("restore the kept storage: %w", err)
	}
	t.restoring = script.Identifier
	return nil
}

// Keep stores the session as it is now. Call it once signed in.
func (t *Tab) Keep(ctx context.Context) error {
	if t.env.Sessions == nil {
		return nil
	}
	cookies, err := proto.StorageGetCookies{BrowserContextID: t.home.BrowserContextID}.Call(t.home.Context(ctx))
	if err != nil {
		return flows.Errorf(flows.Unavailable, "keep the session", "%w", t.cause(err))
	}
	s := stored{Cookies: cookies.Cookies, Places: map[string]storage{}, User: t.env.Secrets["user"].Reveal()}
	maps.Copy(s.Places, t.kept.Places)
	var here storage
	var place struct {
		Origin string `json:"origin"`
	}
	if err := t.call(ctx, &here, "storage"); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	if err := t.call(ctx, &place, "place"); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	s.Places[place.Origin] = here
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	t.kept = s
	return t.env.Sessions.SaveSession(ctx, secrets.New(string(b)))
}

// Forget drops the kept session, in the browser and where it is kept.
func (t *Tab) Forget(ctx context.Context) error {
	t.kept = stored{}
	if t.restoring != "" {
		// Else the next page would find again what was dropped.
		if err := (proto.PageRemoveScriptToEvaluateOnNewDocument{Identifier: t.restoring}).Call(t.page.Context(ctx)); err != nil {
			return flows.Errorf(flows.Unavailable, "drop the session", "%w", t.cause(err))
		}
		t.restoring = ""
	}
	if err := (proto.StorageClearCookies{BrowserContextID: t.home.BrowserContextID}).Call(t.home.Context(ctx)); err != nil {
		return flows.Errorf(flows.Unavailable, "drop the session", "%w", t.cause(err))
	}
	for _, origin := range t.origins {
		if err := (proto.StorageClearDataForOrigin{Origin: origin, StorageTypes: "local_storage"}).Call(t.page.Context(ctx)); err != nil {
			return flows.Errorf(flows.Unavailable, "drop the session", "%w", t.cause(err))
		}
	}
	var place struct{ Origin string }
	if err := t.call(ctx, &place, "place"); err == nil && slices.Contains(t.origins, place.Origin) {
		err = t.call(ctx, nil, "forget")
		if err != nil && !errors.Is(err, errMoved) {
			return err
		}
	}
	if t.env.Sessions == nil {
		return nil
	}
	return t.env.Sessions.DropSession(ctx)
}
