package scim

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/usherhq/usher/flows"
)

// watched lists from a service that is twisted so, and returns where the list was asked for, in turn, and
// how many requests there were at once.
func watched(t *testing.T, people int, twist func(w http.ResponseWriter, r *http.Request, start, times int) bool) (starts []int, most int, steps []string) {
	t.Helper()
	s := newStand(t, people)
	c, j := s.console(testShape())
	var mu sync.Mutex
	now, times := 0, map[int]int{}
	s.twist = func(w http.ResponseWriter, r *http.Request, body resource) bool {
		start := number64(r, "startIndex", 1)
		mu.Lock()
		starts = append(starts, start)
		now++
		most = max(most, now)
		times[start]++
		n := times[start]
		mu.Unlock()
		if !twist(w, r, start, n) {
			s.honest(w, r, body)
		}
		mu.Lock()
		now-- // before the reply ends, which it does when this returns
		mu.Unlock()
		return true
	}
	before := len(j.steps)
	roster, err := c.List(t.Context())
	if err != nil || roster.Grade != flows.Complete || roster.Total != people {
		t.Errorf("%+v %v", roster, err)
	}
	for _, st := range j.steps[before:] {
		if strings.HasPrefix(st.Name, "GET Users") {
			steps = append(steps, st.Name)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	return slices.Clone(starts), most, steps
}

func TestThePageThatIsAskedForAheadCostsNoRequest(t *testing.T) {
	t.Parallel()
	starts, most, steps := watched(t, 450, func(http.ResponseWriter, *http.Request, int, int) bool { return false })
	if want := []int{1, 100, 199, 298, 397, 450, 1}; !slices.Equal(starts, want) || most != 1 {
		t.Errorf("asked at %v, want %v; up to %d at once", starts, want, most)
	}
	if want := []string{"GET Users 1", "GET Users 100", "GET Users 199", "GET Users 298", "GET Users 397", "GET Users 450", "GET Users 1"}; !slices.Equal(steps, want) {
		t.Errorf("%q, want %q", steps, want)
	}
}

func TestAPageThatWasAskedForInVainIsAskedForAnew(t *testing.T) {
	t.Parallel()
	starts, _, steps := watched(t, 450, func(_ http.ResponseWriter, r *http.Request, start, _ int) bool {
		if start == 100 { // of the hundred, forty
			q := r.URL.Query()
			q.Set("count", "40")
			r.URL.RawQuery = q.Encode()
		}
		return false
	})
	// The one in vain may be taken back before it arrives; there is no second one.
	if starts = slices.DeleteFunc(starts, func(s int) bool { return s == 199 }); !slices.Equal(starts, []int{1, 100, 139, 238, 337, 436, 450, 1}) {
		t.Errorf("asked at %v", starts)
	}
	if slices.Contains(steps, "GET Users 199") || len(steps) != 8 {
		t.Errorf("%q", steps)
	}
}

func TestAPageThatIsAskedForAheadIsTriedAgainInItsTurn(t *testing.T) {
	t.Parallel()
	starts, most, steps := watched(t, 250, func(w http.ResponseWriter, _ *http.Request, start, times int) bool {
		if start == 199 && times == 1 {
			problem(w, 503, "", "back soon")
			return true
		}
		return false
	})
	if want := []int{1, 100, 199, 199, 250, 1}; !slices.Equal(starts, want) || most != 1 {
		t.Errorf("asked at %v, want %v; up to %d at once", starts, want, most)
	}
	if want := []string{"GET Users 1", "GET Users 100", "GET Users", "GET Users 199", "GET Users 250", "GET Users 1"}; !slices.Equal(steps, want) {
		t.Errorf("%q, want %q", steps, want)
	}
}

func TestAListThatIsStoppedLeavesNothingOnItsWay(t *testing.T) {
	t.Parallel()
	s := newStand(t, 450)
	c, _ := s.console(testShape())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	gone := make(chan struct{})
	s.twist = func(_ http.ResponseWriter, r *http.Request, _ resource) bool {
		if number64(r, "startIndex", 1) != 199 {
			return false
		}
		cancel()
		<-r.Context().Done() // the client has hung up
		close(gone)
		return true
	}
	_, err := c.List(ctx)
	wantCode(t, err, flows.Unavailable)
	<-gone
}
