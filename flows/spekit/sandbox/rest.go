package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/usherhq/usher/flows"
)

// What Spekit documents of its REST API: 30 requests in ten seconds, 50 users a page, at most 100.
const (
	mostRequests = 30
	perTime      = 10 * time.Second
	usualPage    = 50
	largestPage  = 100
)

// A restUser is a user as the REST API shows it. Its id is not the one of SCIM.
type restUser struct {
	ID        string     `json:"id"`
	First     string     `json:"first_name"`
	Last      string     `json:"last_name"`
	Email     string     `json:"email"`
	IsActive  bool       `json:"is_active"`
	CreatedOn string     `json:"created_on"`
	Teams     []restTeam `json:"teams"`
}

type restTeam struct {
	Team string `json:"team"`
	Role string `json:"role"`
}

// api serves GET /v1/users/. Its faults are those on "rest", and
//
//	second_differs  email, says: it says "inactive", "active" or nothing ("absent", the default) of that address
func (in *standIn) api() http.Handler {
	var mu sync.Mutex
	var asked []time.Time
	refuse := func(w http.ResponseWriter, status int, message string) {
		say(w, status, map[string]string{"detail": message})
	}
	return in.Guarded("rest", "Token", in.rest, refuse, func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		mu.Lock()
		asked = slices.DeleteFunc(asked, func(t time.Time) bool { return now.Sub(t) > perTime })
		full := len(asked) >= mostRequests
		if !full {
			asked = append(asked, now)
		}
		mu.Unlock()
		if full {
			refuse(w, http.StatusTooManyRequests, "Request was throttled.")
			return
		}
		in.listRest(w, r)
	})
}

func (in *standIn) listRest(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	size, err := strconv.Atoi(q.Get("page_size"))
	if err != nil || size < 1 {
		size = usualPage
	}
	size = min(size, largestPage)
	first := 0
	if cursor := q.Get("cursor"); cursor != "" {
		b, err := base64.RawURLEncoding.DecodeString(cursor)
		if err == nil {
			first, err = strconv.Atoi(string(b))
		}
		if err != nil || first < 0 {
			say(w, http.StatusNotFound, map[string]string{"detail": "Invalid cursor"})
			return
		}
	}
	all := in.restUsers()
	first = min(first, len(all))
	last := min(first+size, len(all))
	page := func(at int) *string {
		v := url.Values{"page_size": {strconv.Itoa(size)}, "cursor": {base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(at)))}}
		s := in.URL(site) + "/v1/users/?" + v.Encode()
		return &s
	}
	body := struct {
		Count    int        `json:"count"`
		Next     *string    `json:"next"`
		Previous *string    `json:"previous"`
		Results  []restUser `json:"results"`
	}{Count: len(all), Results: all[first:last]}
	if last < len(all) {
		body.Next = page(last)
	}
	if first > 0 {
		body.Previous = page(max(first-size, 0))
	}
	say(w, http.StatusOK, body)
}

func (in *standIn) restUsers() []restUser {
	teams := map[string][]restTeam{}
	for _, g := range in.Groups() {
		for _, id := range g.Members {
			teams[id] = append(teams[id], restTeam{Team: g.Name, Role: "viewer"})
		}
	}
	f, differs := in.Strikes("second_differs")
	out := []restUser{}
	for _, p := range in.People() {
		u := restUser{
			ID: otherID(p.ID), First: p.First, Last: p.Last, Email: p.Email, IsActive: p.State == flows.Active,
			CreatedOn: "2026-01-05T09:00:00Z", Teams: append([]restTeam{}, teams[p.ID]...),
		}
		if differs && flows.SameAddress(p.Email, f.Text("email", "")) {
			switch f.Text("says", "absent") {
			case "active":
				u.IsActive = true
			case "inactive":
				u.IsActive = false
			default:
				continue
			}
		}
		out = append(out, u)
	}
	return out
}

// otherID is the id of an account in the REST API.
func otherID(id string) string {
	b := sha256.Sum256([]byte("rest " + id))
	h := hex.EncodeToString(b[:16])
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:]
}

func say(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(b); err != nil {
		return // the guest hung up
	}
}

var _ flows.StandIn = (*standIn)(nil)
